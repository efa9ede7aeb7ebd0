using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>A read model: a pure fold from events to the rows of one table.</summary>
public interface IProjection
{
    /// <summary>
    /// Versioned: <c>chat.reaction_tally.v1</c>. Another meaning or column needs a new version.
    /// </summary>
    string Name { get; }
    IReadOnlySet<Type> Events { get; }
    TableShape Table { get; }

    /// <summary>
    /// Parts by key, 1 or more, that run side by side, perhaps on several nodes. A row's key must follow from its event
    /// alone.
    /// </summary>
    int Shards => 1;

    /// <summary>What the projection does about an event that all attempts failed to apply.</summary>
    OnPoison OnPoison => OnPoison.Stop;

    /// <summary>
    /// The same projection over the keys of one shard only. It shares no mutable state with the others.
    /// </summary>
    IProjection Part(int shard, int of) =>
        of == 1 ? this : throw new NotSupportedException($"{Name} cannot be divided");

    /// <param name="table">
    /// Of the projection's shape: <c>views.chat_reaction_tally_v1</c>, or the table of a build.
    /// </param>
    IProjectionRows Open(string table, RowsUse use);
}

/// <summary>What a projection does about an event that it cannot apply.</summary>
public enum OnPoison
{
    /// <summary>
    /// It stops before the event until an operator lets it retry or skip it: for rows that must be complete.
    /// </summary>
    Stop,

    /// <summary>
    /// It goes on without the event, and its status shows that until a rebuild: for rows that are better a little wrong
    /// than old.
    /// </summary>
    Skip,
}

/// <summary>
/// One runner's access to a projection's rows, with a cache of them.
/// </summary>
/// <remarks>
/// It trusts its cache: after a fault, a fence or a fork it must be dropped and opened again, as another runner may
/// have changed the rows. One thread at a time.
/// </remarks>
public interface IProjectionRows
{
    /// <summary>The cache has reached its limit: write it before folding more.</summary>
    bool IsFull { get; }

    /// <summary>Folds events, oldest first, in memory; reads the rows that are not cached.</summary>
    Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct);

    /// <summary>
    /// Adds the commands that write the folded rows to a batch; the rows then count as written. The caller adds the
    /// checkpoint: a batch is one transaction, and one round trip.
    /// </summary>
    void AddWrites(NpgsqlBatch batch);

    /// <summary>
    /// Copies the folded rows that are new into a table that was opened empty. <see cref="AddWrites"/> writes the rest.
    /// </summary>
    Task CopyAsync(NpgsqlConnection connection, CancellationToken ct) => Task.CompletedTask;
}

public static class ProjectionRows
{
    /// <summary>Writes the folded rows within the caller's transaction.</summary>
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
/// The approximate memory of cached rows, written or not. One page of events may exceed it.
/// </param>
/// <param name="Empty">
/// The table is empty, has no other writer and was not opened before: new rows are copied in, and only rows written
/// since are looked up.
/// </param>
public sealed record RowsUse(int BytesMax, bool Empty)
{
    /// <summary>
    /// Some thousands of rows: one that was just changed often changes again. Every projection of a node holds as many.
    /// </summary>
    public static RowsUse Live { get; } = new(2 << 20, Empty: false);
}

/// <summary>A table's columns and indexes, without its name.</summary>
/// <param name="KeyColumns">The leading columns that are the primary key.</param>
/// <param name="Indexes">As in SQL: <c>channel_id, position desc</c>.</param>
public sealed record TableShape(IReadOnlyList<TableColumn> Columns, int KeyColumns, IReadOnlyList<string> Indexes)
{
    internal string CreateSql(string table) =>
        $"create table {table} ({string.Join(", ", Columns.Select(c => c.Definition))}, "
        + $"primary key ({string.Join(", ", Columns.Take(KeyColumns).Select(c => c.Name))}))";

    /// <returns>The name of each, as SQL finds it, and the statement that makes it.</returns>
    internal IEnumerable<(string Name, string Sql)> Indices(string table) =>
        Indexes.Select(
            (columns, i) =>
                (
                    $"{table}_i{i + 1}",
                    $"create index if not exists {table["views.".Length..]}_i{i + 1} on {table} ({columns})"
                )
        );
}

/// <param name="SqlType">PostgreSQL's name of the type.</param>
public sealed record TableColumn(string Name, string SqlType, bool Nullable = false, string? Collation = null)
{
    internal string Definition =>
        $"{Name} {SqlType}{(Collation is null ? "" : $" collate \"{Collation}\"")}{(Nullable ? "" : " not null")}";
}
