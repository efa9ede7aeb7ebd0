using Npgsql;
using NpgsqlTypes;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Topics;

/// <summary>
/// Records at which positions of the log each topic has events, the internal topics included. A subscription that
/// resumes far behind the tail, and a point-in-time query, read only the events that concern them.
/// </summary>
/// <remarks>
/// The rows are kept beside the log, so that an append pays nothing for them. They state what was declared when they
/// were written: a change of an event's topics is a new version.
/// </remarks>
public sealed class TopicIndexProjection(TopicMap map) : IProjection
{
    public const string ProjectionName = "log.topics.v7";

    public string Name => ProjectionName;
    public IReadOnlySet<Type> Events => map.Events;

    // Topic.IndexKey: a uuid takes half the space of its text, and this is the product's largest table. The collation
    // "C" compares kinds byte by byte.
    public TableShape Table { get; } =
        new([new("kind", "text", Collation: "C"), new("id", "uuid"), new("position", "bigint")], 3, []);

    public IProjectionRows Open(string table, RowsUse use) => new Rows(map, table, use);

    private sealed class Rows(TopicMap map, string table, RowsUse use) : IProjectionRows
    {
        /// <summary>Memory of one entry, with the list's unused capacity.</summary>
        private const int FoundBytes = 64;

        private readonly List<(string Kind, Guid Id, long Position)> _found = [];

        public bool IsFull => _found.Count >= use.BytesMax / FoundBytes;

        public Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
        {
            foreach (var e in events)
            foreach (var topic in map.TopicsOf(e))
            {
                var (kind, id) = topic.IndexKey;
                _found.Add((kind, id, e.Position));
            }
            return Task.CompletedTask;
        }

        public void AddWrites(NpgsqlBatch batch)
        {
            if (_found.Count == 0)
                return;
            var insert = new NpgsqlBatchCommand(
                $"""
                insert into {table} (kind, id, position)
                select unnest($1::text[]), unnest($2::uuid[]), unnest($3::bigint[]) on conflict do nothing
                """
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
            // Sorted by the key, so that neighbours enter the index one after the other. An event may name a topic
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

        private static int InKeyOrder((string Kind, Guid Id, long Position) a, (string Kind, Guid Id, long Position) b)
        {
            var kinds = string.CompareOrdinal(a.Kind, b.Kind);
            if (kinds != 0)
                return kinds;
            var ids = a.Id.CompareTo(b.Id);
            return ids != 0 ? ids : a.Position.CompareTo(b.Position);
        }
    }
}
