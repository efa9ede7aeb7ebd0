using Npgsql;

namespace Veza.EventStore;

/// <summary>How far a reader of the log has come, as Marten keeps it: a row of <c>mt_event_progression</c>, moved by compare-and-set.</summary>
internal static class Checkpoint
{
    /// <summary>Held while checkpoints are made, or made into others: at any time a projection has those of one division into shards.</summary>
    public const string MakingLock = "select pg_advisory_xact_lock(7310573, 3)";

    /// <returns>The position everything at or below which is done; a new checkpoint begins at 0.</returns>
    /// <exception cref="DividedOtherwiseException">There are checkpoints of another number of shards: to begin at 0 would apply everything again.</exception>
    public static async Task<long> LoadAsync(string name, NpgsqlConnection connection, CancellationToken ct)
    {
        if (await FindAsync(name, connection, ct) is { } position) return position;
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var alone = new NpgsqlCommand(MakingLock, connection, transaction)) await alone.ExecuteNonQueryAsync(ct);
        await using var make = new NpgsqlCommand("""
            insert into log.mt_event_progression (name, last_seq_id) select $1, 0
            where not exists (select from log.mt_event_progression p where split_part(p.name, '#', 1) = split_part($1, '#', 1) and split_part(p.name, '/', 2) <> split_part($1, '/', 2))
            on conflict (name) do update set name = excluded.name returning last_seq_id
            """, connection, transaction);
        make.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        var made = await make.ExecuteScalarAsync(ct) as long? ?? throw new DividedOtherwiseException(name);
        await transaction.CommitAsync(ct);
        return made;
    }

    /// <returns>Where the checkpoint stands; null when there is none.</returns>
    public static async Task<long?> FindAsync(string name, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var find = new NpgsqlCommand("select last_seq_id from log.mt_event_progression where name = $1", connection);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return await find.ExecuteScalarAsync(ct) as long?;
    }

    /// <returns>False, with nothing changed, when the checkpoint no longer stands at <paramref name="from"/>: somebody else moved it.</returns>
    public static async Task<bool> TryMoveAsync(string name, long from, long to, NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct)
    {
        await using var move = new NpgsqlCommand(
            "update log.mt_event_progression set last_seq_id = $1, last_updated = now() where name = $2 and last_seq_id = $3", connection, transaction);
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = to });
        move.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
        return await move.ExecuteNonQueryAsync(ct) == 1;
    }
}

/// <summary>Another release divides the projection into another number of shards.</summary>
public sealed class DividedOtherwiseException(string checkpoint)
    : Exception($"{checkpoint} has no checkpoint, and others of another number of shards do: another release divides it otherwise, and runs it");
