using System.Runtime.InteropServices;
using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>Loads and writes records of one table, many rows in one statement.</summary>
internal sealed class RowTable<TRow, TKey>
    where TRow : class
    where TKey : notnull
{
    /// <summary>
    /// Keeps each column's array below the large-object size, which only the slowest garbage collection frees.
    /// </summary>
    private const int RowsInStatementMax = 2_000;

    private static readonly IReadOnlyList<IColumn<TRow>> Columns = RowColumns<TRow, TKey>.All;
    private static readonly IReadOnlyList<IColumn<TKey>> Key = RowColumns<TRow, TKey>.Key;

    private readonly string _load;
    private readonly string _delete;
    private readonly string _upsert;
    private readonly string _copy;

    public RowTable(string table)
    {
        var names = Names(Columns);
        var key = Names(Key);
        var set = string.Join(", ", Columns.Skip(Key.Count).Select(c => $"{c.Shape.Name} = excluded.{c.Shape.Name}"));
        _load = $"select {Names(Columns, "t.")} from {table} t join unnest({Unnest(Key)}) as k({key}) using ({key})";
        _delete =
            $"delete from {table} t using unnest({Unnest(Key)}) as k({key}) "
            + $"where {string.Join(" and ", Key.Select(c => $"t.{c.Shape.Name} = k.{c.Shape.Name}"))}";
        // One unnest per array: an unnest over several arrays first writes a table of each, which is most of the cost
        // of a single row.
        _upsert =
            $"insert into {table} ({names}) "
            + $"select {string.Join(", ", Parameters(Columns).Select(p => $"unnest({p})"))} "
            + $"on conflict ({key}) do {(set == "" ? "nothing" : "update set " + set)}";
        _copy = $"copy {table} ({names}) from stdin (format binary)";
    }

    public async IAsyncEnumerable<(TKey Key, TRow Row)> LoadAsync(
        NpgsqlConnection connection,
        List<TKey> keys,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(_load, connection);
        foreach (var column in Key)
            command.Parameters.Add(column.Array(CollectionsMarshal.AsSpan(keys)));
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var row = RowColumns<TRow, TKey>.Read(reader);
            yield return (RowColumns<TRow, TKey>.KeyOf(row), row);
        }
    }

    public void AddWrites(NpgsqlBatch batch, List<TRow> changed, List<TKey> removed)
    {
        Add(batch, _delete, Key, removed);
        Add(batch, _upsert, Columns, changed);
    }

    /// <summary>Adds rows that are not in the table.</summary>
    public async Task CopyAsync(NpgsqlConnection connection, List<TRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0)
            return;
        await using var importer = await connection.BeginBinaryImportAsync(_copy, ct);
        foreach (var row in rows)
        {
            importer.StartRow();
            foreach (var column in Columns)
                column.Copy(importer, row);
        }
        await importer.CompleteAsync(ct);
    }

    private static void Add<TSource>(
        NpgsqlBatch batch,
        string sql,
        IReadOnlyList<IColumn<TSource>> columns,
        List<TSource> sources
    )
    {
        for (var from = 0; from < sources.Count; from += RowsInStatementMax)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var column in columns)
                command.Parameters.Add(
                    column.Array(
                        CollectionsMarshal
                            .AsSpan(sources)
                            .Slice(from, Math.Min(RowsInStatementMax, sources.Count - from))
                    )
                );
            batch.BatchCommands.Add(command);
        }
    }

    private static string Names<TSource>(IEnumerable<IColumn<TSource>> columns, string prefix = "") =>
        string.Join(", ", columns.Select(c => prefix + c.Shape.Name));

    private static string Unnest<TSource>(IEnumerable<IColumn<TSource>> columns) =>
        string.Join(", ", Parameters(columns));

    private static IEnumerable<string> Parameters<TSource>(IEnumerable<IColumn<TSource>> columns) =>
        columns.Select((c, i) => $"${i + 1}::{c.Shape.SqlType}[]");
}
