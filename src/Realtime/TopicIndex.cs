using Npgsql;
using Veza.EventStore;

namespace Veza.Realtime;

/// <param name="ReadTo">Up to here the page lacks no event of its topics.</param>
internal sealed record IndexedPage(long ReadTo, List<RecordedEvent> Events);

/// <summary>Finds events by the rows that <see cref="TopicIndexProjection"/> keeps.</summary>
internal sealed class TopicIndex(EventLog log)
{
    /// <summary>The first events on any of the topics after <paramref name="after"/>. Costs a look-up for each topic and two for each event, however many others lie between.</summary>
    /// <param name="max">Events at most.</param>
    /// <param name="atLeast">Positions that asking must spare.</param>
    /// <returns>Null when the index has not come far enough to be worth it: its own checkpoint bounds what it is trusted with.</returns>
    public async Task<IndexedPage?> ReadAsync(IReadOnlyCollection<Topic> topics, long after, long upTo, int max, int atLeast, CancellationToken ct)
    {
        if (upTo - after < atLeast) return null;
        var (checkpoint, found) = await FindAsync(topics, after, upTo, max, ct);
        var reach = Math.Min(checkpoint, upTo);
        if (reach - after < atLeast) return null;
        var events = await log.Reader.ReadPositionsAsync(found, ct);
        if (events.Count < found.Length) throw new InvalidOperationException($"of {found.Length} positions in the index of topics after {after}, the log has {events.Count}");
        return new(found.Length == max ? found[^1] : reach, events);
    }

    private async Task<(long Checkpoint, long[] Positions)> FindAsync(IReadOnlyCollection<Topic> topics, long after, long upTo, int max, CancellationToken ct)
    {
        // One statement, so that rows and checkpoint are of one snapshot: a crash of the database may set both back together.
        await using var command = log.Database.CreateCommand($"""
            select coalesce((select p.last_seq_id from log.projections s join log.mt_event_progression p on p.name = s.serving where s.base = '{TopicIndexProjection.BaseName}'), 0),
                   array(select distinct found.position
                         from unnest($1::text[]) asked(topic)
                         cross join lateral (select i.position from views.log_topics i where i.topic = asked.topic and i.position > $2 and i.position <= $3
                                             order by i.position limit $4) found
                         order by found.position limit $4)
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. topics.Select(t => t.ToString())] });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = upTo });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return (row.GetInt64(0), row.GetFieldValue<long[]>(1));
    }
}
