using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>A read model: a pure fold from events to the rows of one table.</summary>
public interface IProjection
{
    /// <summary>
    /// Versioned: <c>chat.reaction_tally.v1</c>. A changed meaning, or another column, is a new version.
    /// </summary>
    string Name { get; }
    IReadOnlySet<Type> Events { get; }
    TableShape Table { get; }

    /// <summary>
    /// Parts, by key, that run side by side, on several nodes too; 1 or more. Every row's key must follow from its
    /// event alone.
    /// </summary>
    int Shards => 1;

    /// <summary>What becomes of it when an event cannot be applied, however often it is tried.</summary>
    OnPoison OnPoison => OnPoison.Stop;

    /// <summary>
    /// The same projection over the keys of one shard only. It holds nothing in common with others that changes.
    /// </summary>
    IProjection Part(int shard, int of) =>
        of == 1 ? this : throw new NotSupportedException($"{Name} cannot be divided");

    /// <param name="table">
    /// Of the projection's shape: <c>views.chat_reaction_tally_v1</c>, or the one it is being built in.
    /// </param>
    IProjectionRows Open(string table, RowsUse use);
}

/// <summary>What a projection does about an event that it cannot apply.</summary>
public enum OnPoison
{
    /// <summary>
    /// It stands still before it and says so, until an operator lets it try again or skip it: for rows of which each
    /// one matters.
    /// </summary>
    Stop,

    /// <summary>
    /// It goes on without it and says so until it is rebuilt: for rows that are better a little wrong than old.
    /// </summary>
    Skip,
}

/// <summary>
/// One runner's hold on the rows, with those in memory that it will need again. It believes what it holds: after a
/// fault, a fence or a fork it is thrown away and opened again, as the rows may have been changed by another runner.
/// </summary>
public interface IProjectionRows
{
    /// <summary>Whether it holds as much as it may, so that it is to be written before more is folded.</summary>
    bool IsFull { get; }

    /// <summary>Folds events, oldest first, in memory; reads the rows it does not hold.</summary>
    Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct);

    /// <summary>
    /// Adds to a batch what writes what was folded, which is then taken for written. The caller adds the checkpoint: a
    /// batch is one transaction, and one round trip.
    /// </summary>
    void AddWrites(NpgsqlBatch batch);

    /// <summary>
    /// Copies in, of what was folded, the rows that are new to a table that was opened empty. The rest is left to
    /// <see cref="AddWrites"/>.
    /// </summary>
    Task CopyAsync(NpgsqlConnection connection, CancellationToken ct) => Task.CompletedTask;
}

public static class ProjectionRows
{
    /// <summary>Writes what was folded within a transaction in which the caller does more.</summary>
    public static async Task WriteAsync(
        this IProjectionRows rows,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        await rows.CopyAsync(connection, ct);
        await using var batch = new NpgsqlBatch(connection, transaction);
        rows.AddWrites(batch);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(ct);
    }
}

/// <param name="BytesMax">
/// About as much memory is taken by rows, written or not; what one page of events adds may come on top.
/// </param>
/// <param name="Empty">
/// The table holds nothing, has no other writer and was not opened before: new rows are copied in, and only rows
/// written since are looked up.
/// </param>
public sealed record RowsUse(int BytesMax, bool Empty)
{
    /// <summary>
    /// Some thousands of rows beside the log's newest events: what was just touched is often touched again, and every
    /// projection of a node keeps as many.
    /// </summary>
    public static RowsUse Live { get; } = new(2 << 20, Empty: false);
}

/// <summary>A table without its name.</summary>
/// <param name="KeyColumns">The leading columns that are the primary key.</param>
/// <param name="Indexes">As in SQL: <c>channel_id, position desc</c>.</param>
public sealed record TableShape(IReadOnlyList<TableColumn> Columns, int KeyColumns, IReadOnlyList<string> Indexes)
{
    internal string CreateSql(string table) =>
        $"create table {table} ({string.Join(", ", Columns.Select(c => c.Definition))}, primary key ({string.Join(", ", Columns.Take(KeyColumns).Select(c => c.Name))}))";

    internal IEnumerable<string> IndexSql(string table) =>
        Indexes.Select(
            (columns, i) => $"create index if not exists {table["views.".Length..]}_i{i + 1} on {table} ({columns})"
        );
}

/// <param name="SqlType">As PostgreSQL itself calls it.</param>
public sealed record TableColumn(string Name, string SqlType, bool Nullable = false, string? Collation = null)
{
    internal string Definition =>
        $"{Name} {SqlType}{(Collation is null ? "" : $" collate \"{Collation}\"")}{(Nullable ? "" : " not null")}";
}
