using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Veza.EventStore.Schema;

/// <summary>Creates and updates the log's tables and functions.</summary>
internal static class LogSchema
{
    // One node at a time: "create … if not exists" alone can collide when several start at the same time.
    private const string Exclusive = "select pg_advisory_xact_lock(7310573, 2)";

    /// <summary>Attempts at an update that deadlocks with appends.</summary>
    private const int AttemptsMax = 10;

    private static readonly string[] Names =
    [
        "log.sql",
        "partitions.sql",
        "append_batch.sql",
        "projections.sql",
        "marten.sql",
        "event_digest.sql",
        "marten_append.sql",
    ];

    private static readonly TimeSpan AgainAfter = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Applies the scripts unless the same ones were applied last. Even scripts that change nothing lock tables that
    /// other nodes append to, in another order than the appends.
    /// </summary>
    public static async Task ApplyAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await ApplyOnceAsync(database, ct);
                return;
            }
            catch (PostgresException fault)
                when (fault.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < AttemptsMax)
            {
                await Task.Delay(AgainAfter, ct);
            }
        }
    }

    private static async Task ApplyOnceAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        var scripts = Array.ConvertAll(Names, Script);
        var mark = $"veza {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(scripts))))}";
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await ExecuteAsync(Exclusive);
        await using (
            var applied = new NpgsqlCommand(
                "select obj_description(to_regnamespace('log'), 'pg_namespace')",
                connection,
                transaction
            )
        )
            if (await applied.ExecuteScalarAsync(ct) as string == mark)
                return;
        foreach (var sql in (string[])[.. scripts, $"comment on schema log is '{mark}'"])
            await ExecuteAsync(sql);
        await transaction.CommitAsync(ct);

        async Task ExecuteAsync(string sql)
        {
            // An index on a large log may take longer than the usual limit, and other starting nodes wait for it.
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync(ct);
        }
    }

    private static string Script(string name)
    {
        using var stream = typeof(LogSchema).Assembly.GetManifestResourceStream($"Veza.EventStore.Schema.{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
