using Npgsql;
using Veza.Api.Configuration;
using Veza.EventStore.Database;
using Veza.EventStore.Postgres;

namespace Veza.Cli;

/// <summary>Runs a subcommand on the database itself, whether or not a Veza runs on it.</summary>
internal static class DatabaseCommand
{
    /// <param name="name">Of its sessions in the database.</param>
    /// <returns>The exit code. A fault of the database is written to standard error.</returns>
    public static Task<int> RunAsync(
        VezaSettings settings,
        string name,
        Func<NpgsqlDataSource, CancellationToken, Task<int>> run,
        CancellationToken ct
    ) =>
        RunAsync(
            settings,
            async (connectionString, stop) =>
            {
                await using var database = DataSources.ForCommand(connectionString, name);
                return await run(database, stop);
            },
            ct
        );

    /// <param name="run">Gets the connection string.</param>
    /// <returns>The exit code. A fault of the database is written to standard error.</returns>
    public static async Task<int> RunAsync(
        VezaSettings settings,
        Func<string, CancellationToken, Task<int>> run,
        CancellationToken ct
    )
    {
        if (
            (settings.Database?.ConnectionString ?? await LocalPostgres.FindRunningAsync(settings.VezaHome, ct)) is
            { } running
        )
            return await OnAsync(running, run, ct);
        if (!Directory.Exists(settings.VezaHome))
        {
            Console.Error.WriteLine($"veza: {settings.VezaHome} does not exist, and DATABASE_URL is not set");
            return ExitCode.Failed;
        }
        // A server that runs only for this command is stopped after it.
        await using var started = await LocalPostgres.StartAsync(new(settings.VezaHome), ct: ct);
        try
        {
            return await OnAsync(started.ConnectionString, run, ct);
        }
        finally
        {
            await started.StopAsync(CancellationToken.None);
        }
    }

    private static async Task<int> OnAsync(
        string connectionString,
        Func<string, CancellationToken, Task<int>> run,
        CancellationToken ct
    )
    {
        try
        {
            return await run(connectionString, ct);
        }
        catch (PostgresException missing)
            when (missing.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            Console.Error.WriteLine("veza: there is no log in this database: " + missing.MessageText);
            return ExitCode.Failed;
        }
        catch (NpgsqlException fault)
        {
            Console.Error.WriteLine("veza: " + fault.Message);
            return ExitCode.Failed;
        }
    }
}
