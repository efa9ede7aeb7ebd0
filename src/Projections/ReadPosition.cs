using Dapper;
using Npgsql;
using Veza.EventStore.Projections;

namespace Veza.Projections;

/// <summary>
/// The position in the log that one answer rests on. Each of its statements reads the checkpoints of its tables in the
/// snapshot of its rows, since a projection writes rows and checkpoint in one transaction.
/// </summary>
/// <remarks>
/// A transaction of several statements would not do: its snapshot may be older than the tables that a rebuild has just
/// put in place. One request uses it, without concurrency.
/// </remarks>
/// <param name="counting">
/// The projection whose counts the answer holds; null for an answer without counts. One statement of the answer reads
/// it.
/// </param>
public sealed class ReadPosition(string? counting)
{
    /// <summary>Columns before those of the row: the two positions, and whether there is a row.</summary>
    private const int OwnColumns = 3;

    private readonly Dictionary<string, string> _projections = [];
    private readonly string? _counting = counting is null ? null : PresentTables.BaseOf(counting);
    private long? _counted;

    /// <summary>Everything up to it is in the answer; null before anything is read.</summary>
    public long? Complete { get; private set; }

    /// <summary>
    /// The counts hold exactly the events up to it. Without counts it is <see cref="Complete"/>.
    /// </summary>
    public long? Position => _counted ?? Complete;

    /// <param name="view">The name by which a statement reads the projection's rows.</param>
    /// <exception cref="InvalidOperationException">The counts have several shards, each with its position.</exception>
    internal void Reads(string view, IProjection projection)
    {
        var name = PresentTables.BaseOf(projection.Name);
        if (name == _counting && projection.Shards > 1)
            throw new InvalidOperationException(
                $"{projection.Name} has {projection.Shards} shards, which have no common position"
            );
        _projections[view] = name;
    }

    /// <summary>The statement's rows, in its order.</summary>
    /// <exception cref="InvalidOperationException">
    /// A second statement reads the counts, which may then rest on another position.
    /// </exception>
    internal async Task<List<T>> ListAsync<T>(NpgsqlConnection connection, CommandDefinition statement)
    {
        // A name within a longer one adds a projection that the statement does not read. That costs little.
        var read = _projections
            .Where(p => statement.CommandText.Contains(p.Key, StringComparison.Ordinal))
            .Select(p => p.Value)
            .ToList();
        var counts = _counting is not null && read.Contains(_counting);
        if (counts && _counted is not null)
            throw new InvalidOperationException($"two statements of one answer read the counts of {_counting}");
        var counted = counts ? $"'{_counting}'" : "null";
        // The names are the code's own. The outer side is one row, so the statement's order stays.
        var sql = $"""
            select c.complete, c.counted, x.*
            from log.reached(array[{string.Join(", ", read.Select(name => $"'{name}'"))}]::text[], {counted}) c
            left join (select true as found, q.* from (
            {statement.CommandText}
            ) q) x on true
            """;
        var command = new CommandDefinition(sql, statement.Parameters, cancellationToken: statement.CancellationToken);
        await using var reader = await connection.ExecuteReaderAsync(command);
        var row = reader.GetRowParser<T>(startIndex: OwnColumns);
        var rows = new List<T>();
        while (await reader.ReadAsync(statement.CancellationToken))
        {
            var complete = reader.IsDBNull(0) ? 0 : reader.GetInt64(0);
            Complete = Math.Min(Complete ?? complete, complete);
            if (counts)
                _counted = reader.IsDBNull(1) ? 0 : reader.GetInt64(1);
            if (!reader.IsDBNull(OwnColumns - 1))
                rows.Add(row(reader));
        }
        return rows;
    }
}
