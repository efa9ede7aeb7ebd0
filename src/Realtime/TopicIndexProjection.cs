using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Projections;

namespace Veza.Realtime;

/// <summary>
/// Where in the log each topic's events are, the engine's own topics included: whoever resumes far behind reads only what concerns them. Kept beside the
/// log, not by the append, which pays nothing for it.
/// </summary>
/// <remarks>A change of which topics an event is on is a new version: the rows say what was declared when they were written.</remarks>
public sealed class TopicIndexProjection(TopicMap map) : IProjection
{
    public const string BaseName = "log.topics";
    public const string IndexName = BaseName + ".v1";

    public TopicIndexProjection() : this(TopicMap.OfAllCapabilities()) { }

    public string Name => IndexName;
    public IReadOnlySet<Type> Events => map.Events;

    // In "C" order comparing two topics is comparing bytes.
    public TableShape Table { get; } = new([new("topic", "text", Collation: "C"), new("position", "bigint")], 2, []);

    public IProjectionRows Open(string table, RowsUse use) => new Rows(map, table);

    private sealed class Rows(TopicMap map, string table) : IProjectionRows
    {
        private readonly List<string> _topics = [];
        private readonly List<long> _positions = [];

        public int Unwritten => _topics.Count;

        public Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
        {
            foreach (var e in events)
                foreach (var topic in map.TopicsOf(e))
                {
                    _topics.Add(topic.ToString());
                    _positions.Add(e.Position);
                }
            return Task.CompletedTask;
        }

        public async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
        {
            if (_topics.Count == 0) return;
            await using var insert = new NpgsqlCommand(
                $"insert into {table} (topic, position) select * from unnest($1::text[], $2::bigint[]) on conflict do nothing", connection, transaction);
            insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. _topics] });
            insert.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. _positions] });
            await insert.ExecuteNonQueryAsync(ct);
            _topics.Clear();
            _positions.Clear();
        }
    }
}
