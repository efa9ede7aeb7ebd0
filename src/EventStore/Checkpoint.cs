using Npgsql;

namespace Veza.EventStore;

/// <summary>How far a reader of the log has come, as Marten keeps it: a row of <c>mt_event_progression</c>, moved by compare-and-set.</summary>
internal static class Checkpoint
{
    /// <returns>The position everything at or below which is done; a new checkpoint begins at 0.</returns>
    public static async Task<long> LoadAsync(string name, NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken ct)
    {
        await using var load = new NpgsqlCommand(
            "insert into log.mt_event_progression (name, last_seq_id) values ($1, 0) on conflict (name) do update set name = excluded.name returning last_seq_id", connection, transaction);
        load.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (long)(await load.ExecuteScalarAsync(ct))!;
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
