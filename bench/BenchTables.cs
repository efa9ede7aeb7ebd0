using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.EventStore.Projections;
using EventLog = Veza.EventStore.EventLog;

namespace Veza.Bench;

/// <summary>The product's read models, filled by SQL, to measure reading them.</summary>
internal sealed class BenchTables(EventLog log, ProjectionHost projections) : IAsyncDisposable
{
    public NpgsqlDataSource Database => log.Database;

    public static async Task<BenchTables> OpenAsync(string connectionString)
    {
        var log = await ProjectionLog.OpenAsync(connectionString);
        return new(
            log,
            await ProjectionHost.OpenAsync(
                log,
                connectionString,
                VezaApplication.CreateProjections(),
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None
            )
        );
    }

    /// <summary>
    /// Runs the statements on one connection, then vacuums and analyses the tables as PostgreSQL does in time.
    /// </summary>
    public async Task FillAsync(params IEnumerable<string> statements)
    {
        await using var connection = await Database.OpenConnectionAsync();
        foreach (var sql in statements.Append("vacuum analyze").Append("checkpoint"))
        {
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
            await command.ExecuteNonQueryAsync();
        }
    }

    public async Task<long> NumberAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task<Guid> IdAsync(string name)
    {
        await using var command = Database.CreateCommand($"select md5('{name}')::uuid");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    /// <returns>The milliseconds of the first call on a new connection.</returns>
    public async Task<double> FirstAsync(Func<Task> act)
    {
        Database.Clear();
        var started = Stopwatch.GetTimestamp();
        await act();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    public async ValueTask DisposeAsync()
    {
        await projections.DisposeAsync();
        await log.DisposeAsync();
    }
}
