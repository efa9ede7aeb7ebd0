using Npgsql;

namespace Veza.EventStore.Schema;

/// <summary>Creates and updates the log's tables and functions.</summary>
internal static class LogSchema
{
    // One node at a time: "create … if not exists" alone can collide when several start together.
    private const string Exclusive = "select pg_advisory_xact_lock(7310573, 2)";

    public static async Task ApplyAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        foreach (var sql in (string[])[Exclusive, Script("log.sql"), Script("partitions.sql"), Script("append_batch.sql")])
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(ct);
        }
        await transaction.CommitAsync(ct);
    }

    /// <summary>The cluster's identity and timeline: PostgreSQL itself begins a new timeline at every promotion and point-in-time restore.</summary>
    public static async Task<string> EpochAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select to_hex(s.system_identifier) || '-' || c.timeline_id from pg_control_system() s, pg_control_checkpoint() c");
        return (string)(await command.ExecuteScalarAsync(ct))!;
    }

    private static string Script(string name)
    {
        using var stream = typeof(LogSchema).Assembly.GetManifestResourceStream($"Veza.EventStore.Schema.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
