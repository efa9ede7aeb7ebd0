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
        foreach (var sql in (string[])[Exclusive, Script("log.sql"), Script("partitions.sql"), Script("append_batch.sql"), Script("projections.sql")])
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(ct);
        }
        await transaction.CommitAsync(ct);
    }

    private static string Script(string name)
    {
        using var stream = typeof(LogSchema).Assembly.GetManifestResourceStream($"Veza.EventStore.Schema.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
