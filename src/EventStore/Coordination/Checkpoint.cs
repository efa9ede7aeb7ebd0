using Npgsql;

namespace Veza.EventStore.Coordination;

/// <summary>
/// How far a reader of the log has come, as Marten keeps it: a row of <c>mt_event_progression</c>, moved by
/// compare-and-set.
/// </summary>
internal static class Checkpoint
{
    /// <summary>
    /// Held while checkpoints are made, or made into others: at any time a projection has those of one division into
    /// shards.
    /// </summary>
    public const string MakingLock = "select pg_advisory_xact_lock(7310573, 3)";

    /// <returns>The position everything at or below which is done; a new checkpoint begins at 0.</returns>
    /// <exception cref="DividedOtherwiseException">
    /// There are checkpoints of another number of shards: to begin at 0 would apply everything again.
    /// </exception>
    public static async Task<long> LoadAsync(string name, NpgsqlConnection connection, CancellationToken ct)
    {
        if (await FindAsync(name, connection, ct) is { } position)
            return position;
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var alone = new NpgsqlCommand(MakingLock, connection, transaction))
            await alone.ExecuteNonQueryAsync(ct);
        await using var make = new NpgsqlCommand(
            """
            insert into log.mt_event_progression (name, last_seq_id) select $1, 0
            where not exists (select from log.mt_event_progression p where split_part(p.name, '#', 1) = split_part($1, '#', 1) and split_part(p.name, '/', 2) <> split_part($1, '/', 2))
            on conflict (name) do update set name = excluded.name returning last_seq_id
            """,
            connection,
            transaction
        );
        make.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        var made = await make.ExecuteScalarAsync(ct) as long? ?? throw new DividedOtherwiseException(name);
        await transaction.CommitAsync(ct);
        return made;
    }

    /// <returns>Where the checkpoint stands; null when there is none.</returns>
    public static async Task<long?> FindAsync(string name, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var find = new NpgsqlCommand(
            "select last_seq_id from log.mt_event_progression where name = $1",
            connection
        );
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await find.ExecuteScalarAsync(ct) as long?;
    }

    /// <summary>
    /// The last command of a batch. The whole batch fails, with nothing changed, when <see cref="IsElsewhere"/> or
    /// <see cref="IsOfAnotherTable"/> holds of the fault.
    /// </summary>
    /// <param name="rows">
    /// The table that the batch writes, and its identity when the runner began; null when there is none.
    /// </param>
    public static NpgsqlBatchCommand Move(string name, long from, long to, (string Table, uint Identity)? rows = null)
    {
        var move = new NpgsqlBatchCommand("select log.move_checkpoint($1, $2, $3, $4, $5)");
        move.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        move.Parameters.Add(
            new NpgsqlParameter<string?> { TypedValue = rows?.Table, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text }
        );
        move.Parameters.Add(
            new NpgsqlParameter<uint?> { TypedValue = rows?.Identity, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid }
        );
        return move;
    }

    /// <summary>The checkpoint no longer stood where it was to be moved from: somebody else moved it.</summary>
    public static bool IsElsewhere(PostgresException fault) => fault.SqlState == "VZ001";

    /// <summary>The table's name is another one's by now.</summary>
    public static bool IsOfAnotherTable(PostgresException fault) => fault.SqlState == "VZ002";
}

/// <summary>Another release divides the projection into another number of shards.</summary>
public sealed class DividedOtherwiseException(string checkpoint)
    : Exception(
        $"{checkpoint} has no checkpoint, and others of another number of shards do: another release divides it otherwise, and runs it"
    );
