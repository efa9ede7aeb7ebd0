using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Projections.Topics;

namespace Veza.Realtime;

/// <summary>
/// Where in the log each topic's events are, the engine's own topics included: whoever resumes far behind, or asks how
/// something stood in the past, reads only what concerns it. Kept beside the log, not by the append, which pays nothing
/// for it.
/// </summary>
/// <remarks>
/// A change of which topics an event is on is a new version: the rows say what was declared when they were written.
/// </remarks>
public sealed class TopicIndexProjection(TopicMap map) : IProjection
{
    public const string IndexName = TopicIndex.Name;

    public TopicIndexProjection()
        : this(TopicMap.OfAllCapabilities()) { }

    public string Name => IndexName;
    public IReadOnlySet<Type> Events => map.Events;

    // As TopicIndex.KeyOf has it: an id as such takes half the room of its text, and this is the product's largest
    // table. In "C" order comparing two kinds is comparing bytes.
    public TableShape Table { get; } =
        new([new("kind", "text", Collation: "C"), new("id", "uuid"), new("position", "bigint")], 3, []);

    public IProjectionRows Open(string table, RowsUse use) => new Rows(map, table, use);

    private sealed class Rows(TopicMap map, string table, RowsUse use) : IProjectionRows
    {
        /// <summary>A place in the list, of which some stay empty.</summary>
        private const int FoundBytes = 64;

        private readonly List<(string Kind, Guid Id, long Position)> _found = [];

        public bool IsFull => _found.Count >= use.BytesMax / FoundBytes;

        public Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
        {
            foreach (var e in events)
            foreach (var topic in map.TopicsOf(e))
                _found.Add((topic.Id == Guid.Empty ? topic.ToString() : topic.KindName, topic.Id, e.Position));
            return Task.CompletedTask;
        }

        public void AddWrites(NpgsqlBatch batch)
        {
            if (_found.Count == 0)
                return;
            var insert = new NpgsqlBatchCommand(
                $"insert into {table} (kind, id, position) select unnest($1::text[]), unnest($2::uuid[]), unnest($3::bigint[]) on conflict do nothing"
            );
            insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. _found.Select(f => f.Kind)] });
            insert.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. _found.Select(f => f.Id)] });
            insert.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. _found.Select(f => f.Position)] });
            batch.BatchCommands.Add(insert);
            _found.Clear();
        }

        public async Task CopyAsync(NpgsqlConnection connection, CancellationToken ct)
        {
            if (!use.Empty || _found.Count == 0)
                return;
            // In the key's order, so that neighbours come into the index one after the other. An event may name a topic
            // twice.
            _found.Sort(InKeyOrder);
            await using var importer = await connection.BeginBinaryImportAsync(
                $"copy {table} (kind, id, position) from stdin (format binary)",
                ct
            );
            var last = default((string, Guid, long));
            foreach (var found in _found)
            {
                if (found == last)
                    continue;
                last = found;
                importer.StartRow();
                importer.Write(found.Kind, NpgsqlDbType.Text);
                importer.Write(found.Id, NpgsqlDbType.Uuid);
                importer.Write(found.Position, NpgsqlDbType.Bigint);
            }
            await importer.CompleteAsync(ct);
            _found.Clear();
        }

        private static int InKeyOrder(
            (string Kind, Guid Id, long Position) a,
            (string Kind, Guid Id, long Position) b
        ) =>
            string.CompareOrdinal(a.Kind, b.Kind) is var kinds and not 0 ? kinds
            : a.Id.CompareTo(b.Id) is var ids and not 0 ? ids
            : a.Position.CompareTo(b.Position);
    }
}
