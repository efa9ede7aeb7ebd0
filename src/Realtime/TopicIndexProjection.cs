using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Projections.Topics;

namespace Veza.Realtime;

/// <summary>
/// Where in the log each topic's events are, the engine's own topics included: whoever resumes far behind, or asks how something stood
/// in the past, reads only what concerns it. Kept beside the log, not by the append, which pays nothing for it.
/// </summary>
/// <remarks>A change of which topics an event is on is a new version: the rows say what was declared when they were written.</remarks>
public sealed class TopicIndexProjection(TopicMap map) : IProjection
{
    public const string IndexName = TopicIndex.Name;

    public TopicIndexProjection() : this(TopicMap.OfAllCapabilities()) { }

    public string Name => IndexName;
    public IReadOnlySet<Type> Events => map.Events;

    // In "C" order comparing two topics is comparing bytes.
    public IReadOnlyList<string> TableSql =>
    [
        $"""create table if not exists {TopicIndex.Table} (topic text collate "C" not null, position bigint not null, primary key (topic, position))""",
        $"create or replace view views.log_topics as select * from {TopicIndex.Table}",
    ];

    public async Task ApplyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
    {
        List<string> topics = [];
        List<long> positions = [];
        foreach (var e in events)
            foreach (var topic in map.TopicsOf(e))
            {
                topics.Add(topic.ToString());
                positions.Add(e.Position);
            }
        if (topics.Count == 0) return;
        await using var insert = new NpgsqlCommand(
            $"insert into {TopicIndex.Table} (topic, position) select * from unnest($1::text[], $2::bigint[]) on conflict do nothing", connection, transaction);
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. topics] });
        insert.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. positions] });
        await insert.ExecuteNonQueryAsync(ct);
    }
}
