using System.Runtime.CompilerServices;
using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;

namespace Veza.Projections.Topics;

/// <param name="ReadTo">The page holds every event of its topics up to here.</param>
public sealed record IndexedPage(long ReadTo, List<RecordedEvent> Events);

/// <summary>
/// Finds the events of topics by the rows of <see cref="TopicIndexProjection"/>. Any thread may call it.
/// </summary>
/// <remarks>
/// It trusts the rows up to the projection's checkpoint. Rows and checkpoint are read in one statement, hence from one
/// snapshot: a crash of the database may set both back together.
/// </remarks>
public sealed class TopicIndex(EventLog log)
{
    private const string View = "views.log_topics";
    private const string Unversioned = "log.topics";
    private const string Checkpoint = $"""
        select p.last_seq_id from log.projections s join log.mt_event_progression p on p.name = s.serving
        where s.base = '{Unversioned}' and s.serving = '{TopicIndexProjection.ProjectionName}'
        """;

    /// <summary>
    /// The first events on any of the topics after <paramref name="after"/>. Costs one look-up for each topic and two
    /// for each event, independent of the events between them.
    /// </summary>
    /// <param name="max">Events at most.</param>
    /// <param name="atLeast">Positions that the index must cover for the query to be worth its cost.</param>
    /// <returns>Null when the index covers fewer positions.</returns>
    public async Task<IndexedPage?> ReadAsync(
        IReadOnlyCollection<Topic> topics,
        long after,
        long upTo,
        int max,
        int atLeast,
        CancellationToken ct
    )
    {
        if (upTo - after < atLeast)
            return null;
        var (checkpoint, found) = await FindAsync(topics, after, upTo, max, ct);
        if (checkpoint is not { } indexed)
            return null;
        var reach = Math.Min(indexed, upTo);
        if (reach - after < atLeast)
            return null;
        var events = await log.Reader.ReadPositionsAsync(found, ct);
        if (events.Count < found.Length)
            throw new InvalidOperationException(
                $"of {found.Length} positions in the index of topics after {after}, the log has {events.Count}"
            );
        return new(found.Length == max ? found[^1] : reach, events);
    }

    /// <summary>Every event on any of the topics, oldest first, one page in memory at a time.</summary>
    /// <param name="upTo">
    /// The caller has waited for the index up to here. Its stored checkpoint may lag the runner by a second when no
    /// event concerned it.
    /// </param>
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(
        IReadOnlyCollection<Topic> topics,
        long after,
        long upTo,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        while (after < upTo)
        {
            var found = Trusted(await FindAsync(topics, after, upTo, LogReader.PageEventsMax, ct));
            foreach (var e in await log.Reader.ReadPositionsAsync(found, ct))
                yield return e;
            after = found.Length == LogReader.PageEventsMax ? found[^1] : upTo;
        }
    }

    /// <summary>The last events on any of the topics up to a position, oldest first.</summary>
    /// <param name="upTo">As in <see cref="ReadAllAsync"/>.</param>
    /// <param name="max">Events at most; <see cref="LogReader.PageEventsMax"/> or fewer.</param>
    public async Task<List<RecordedEvent>> ReadBackAsync(
        IReadOnlyCollection<Topic> topics,
        long upTo,
        int max,
        CancellationToken ct
    )
    {
        var found = Trusted(await FindAsync(topics, 0, upTo, max, ct, backwards: true));
        Array.Sort(found);
        return await log.Reader.ReadPositionsAsync(found, ct);
    }

    /// <summary>
    /// The streams of a topic's events of some types, nearest to a position first. Costs two look-ups for each event of
    /// the topic that it passes.
    /// </summary>
    /// <param name="beside">The position to search from, exclusive.</param>
    /// <param name="older">True searches the older side, false the newer one.</param>
    /// <param name="upTo">As in <see cref="ReadAllAsync"/>.</param>
    public async Task<List<(Guid Stream, long Position)>> NearestStreamsAsync(
        Topic topic,
        string[] types,
        long beside,
        bool older,
        long upTo,
        int max,
        CancellationToken ct
    )
    {
        var (side, order) = older ? ("<", " desc") : (">", "");
        // "offset 0" makes each index row look up its event; a plain join might scan the log.
        await using var command = log.Database.CreateCommand(
            $"""
            select ({Checkpoint}), coalesce(array_agg(stream_id order by position{order}), '{"{}"}'),
                   coalesce(array_agg(position order by position{order}), '{"{}"}')
            from (select e.stream_id, i.position
                  from (select position from {View}
                        where kind = $1 and id = $2 and position {side} $3 and position <= $4
                        order by position{order}) i
                  cross join lateral (
                      select stream_id from log.mt_events
                      where seq_id = i.position and type = any ($5) offset 0) e
                  limit $6) found
            """
        );
        var (kind, id) = topic.IndexKey;
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = beside });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = types });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        var positions = Trusted((row.IsDBNull(0) ? null : row.GetInt64(0), row.GetFieldValue<long[]>(2)));
        return [.. row.GetFieldValue<Guid[]>(1).Zip(positions)];
    }

    private static long[] Trusted((long? Checkpoint, long[] Positions) found) =>
        found.Checkpoint is null
            ? throw new InvalidOperationException(
                $"the index of topics shows another version than {TopicIndexProjection.ProjectionName}, "
                    + "which is being built"
            )
            : found.Positions;

    /// <returns>
    /// A null checkpoint while the view shows another version's rows. They follow other declarations, and must not be
    /// used.
    /// </returns>
    private async Task<(long? Checkpoint, long[] Positions)> FindAsync(
        IReadOnlyCollection<Topic> topics,
        long after,
        long upTo,
        int max,
        CancellationToken ct,
        bool backwards = false
    )
    {
        var order = backwards ? " desc" : "";
        await using var command = log.Database.CreateCommand(
            $"""
            select ({Checkpoint}),
                   array(select distinct found.position
                         from unnest($1::text[], $2::uuid[]) asked(kind, id)
                         cross join lateral (
                             select i.position from {View} i
                             where i.kind = asked.kind and i.id = asked.id and i.position > $3 and i.position <= $4
                             order by i.position{order} limit $5) found
                         order by found.position{order} limit $5)
            """
        );
        var keys = topics.Select(topic => topic.IndexKey).ToArray();
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(keys, k => k.Kind) });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = Array.ConvertAll(keys, k => k.Id) });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return (row.IsDBNull(0) ? null : row.GetInt64(0), row.GetFieldValue<long[]>(1));
    }
}
