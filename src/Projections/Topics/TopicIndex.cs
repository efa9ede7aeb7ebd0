using System.Runtime.CompilerServices;
using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;

namespace Veza.Projections.Topics;

/// <param name="ReadTo">Up to here the page lacks no event of its topics.</param>
public sealed record IndexedPage(long ReadTo, List<RecordedEvent> Events);

/// <summary>
/// Finds events by the rows of <see cref="Name"/>, which say where in the log each topic's events are. Topics are named
/// as in <c>track:{id}</c>.
/// </summary>
public sealed class TopicIndex(EventLog log)
{
    /// <summary>
    /// The projection that keeps the rows; Realtime, which declares what is on which topic, writes them.
    /// </summary>
    public const string Name = "log.topics.v5";

    private const string View = "views.log_topics";
    private const string Base = "log.topics";
    private const string Checkpoint =
        $"select p.last_seq_id from log.projections s join log.mt_event_progression p on p.name = s.serving where s.base = '{Base}' and s.serving = '{Name}'";

    /// <summary>
    /// The first events on any of the topics after <paramref name="after"/>. Costs a look-up for each topic and two for
    /// each event, however many others lie between.
    /// </summary>
    /// <param name="max">Events at most.</param>
    /// <param name="atLeast">Positions that asking must spare.</param>
    /// <returns>
    /// Null when the index has not come far enough to be worth it: its own checkpoint bounds what it is trusted with.
    /// </returns>
    public async Task<IndexedPage?> ReadAsync(
        IReadOnlyCollection<string> topics,
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

    /// <summary>Every event on any of the topics, oldest first, a page in memory at a time.</summary>
    /// <param name="upTo">
    /// The index must have been waited for up to here: its stored checkpoint is up to a second behind the runner when
    /// nothing concerned it.
    /// </param>
    public async IAsyncEnumerable<RecordedEvent> ReadAllAsync(
        IReadOnlyCollection<string> topics,
        long after,
        long upTo,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        while (after < upTo)
        {
            var found = Known(await FindAsync(topics, after, upTo, LogReader.PageEventsMax, ct));
            foreach (var e in await log.Reader.ReadPositionsAsync(found, ct))
                yield return e;
            after = found.Length == LogReader.PageEventsMax ? found[^1] : upTo;
        }
    }

    /// <summary>The last events on any of the topics up to a position, oldest first.</summary>
    /// <param name="upTo">As with <see cref="ReadAllAsync"/>.</param>
    /// <param name="max">Events at most; <see cref="LogReader.PageEventsMax"/> or fewer.</param>
    public async Task<List<RecordedEvent>> ReadBackAsync(
        IReadOnlyCollection<string> topics,
        long upTo,
        int max,
        CancellationToken ct
    )
    {
        var found = Known(await FindAsync(topics, 0, upTo, max, ct, backwards: true));
        Array.Sort(found);
        return await log.Reader.ReadPositionsAsync(found, ct);
    }

    /// <summary>
    /// The streams of the events of some types on a topic, nearest to a position first. Costs two look-ups for each
    /// event on the topic that is passed.
    /// </summary>
    /// <param name="beside">A position: what is on one side of it, and not at it.</param>
    /// <param name="older">Whether on its older side.</param>
    /// <param name="upTo">As with <see cref="ReadAllAsync"/>.</param>
    public async Task<List<(Guid Stream, long Position)>> NearestStreamsAsync(
        string topic,
        string[] types,
        long beside,
        bool older,
        long upTo,
        int max,
        CancellationToken ct
    )
    {
        var (side, order) = older ? ("<", " desc") : (">", "");
        // "offset 0": each row of the index looks its event up; a join might walk the log instead.
        await using var command = log.Database.CreateCommand(
            $"""
            select ({Checkpoint}), coalesce(array_agg(stream_id order by position{order}), '{"{}"}'), coalesce(array_agg(position order by position{order}), '{"{}"}')
            from (select e.stream_id, i.position
                  from (select position from {View} where kind = $1 and id = $2 and position {side} $3 and position <= $4 order by position{order}) i
                  cross join lateral (select stream_id from log.mt_events where seq_id = i.position and type = any ($5) offset 0) e
                  limit $6) found
            """
        );
        var (kind, id) = KeyOf(topic);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = beside });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = types });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        var positions = Known((row.IsDBNull(0) ? null : row.GetInt64(0), row.GetFieldValue<long[]>(2)));
        return [.. row.GetFieldValue<Guid[]>(1).Zip(positions)];
    }

    /// <summary>
    /// How the rows name a topic: <c>channel:{id}</c> by its kind and its id, one without an id by its whole name.
    /// </summary>
    public static (string Kind, Guid Id) KeyOf(string topic) =>
        topic.IndexOf(':') is var colon and > 0 && Guid.TryParseExact(topic.AsSpan(colon + 1), "D", out var id)
            ? (topic[..colon], id)
            : (topic, Guid.Empty);

    private static long[] Known((long? Checkpoint, long[] Positions) found) =>
        found.Checkpoint is null
            ? throw new InvalidOperationException(
                $"the index of topics shows another version than {Name}, which is being built"
            )
            : found.Positions;

    /// <returns>
    /// A null checkpoint while the view shows another version's rows, which are on other topics: what was found is
    /// worth nothing then.
    /// </returns>
    private async Task<(long? Checkpoint, long[] Positions)> FindAsync(
        IReadOnlyCollection<string> topics,
        long after,
        long upTo,
        int max,
        CancellationToken ct,
        bool backwards = false
    )
    {
        var order = backwards ? " desc" : "";
        // One statement, so that rows and checkpoint are of one snapshot: a crash of the database may set both back
        // together.
        await using var command = log.Database.CreateCommand(
            $"""
            select ({Checkpoint}),
                   array(select distinct found.position
                         from unnest($1::text[], $2::uuid[]) asked(kind, id)
                         cross join lateral (select i.position from {View} i where i.kind = asked.kind and i.id = asked.id and i.position > $3 and i.position <= $4
                                             order by i.position{order} limit $5) found
                         order by found.position{order} limit $5)
            """
        );
        var keys = topics.Select(KeyOf).ToArray();
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
