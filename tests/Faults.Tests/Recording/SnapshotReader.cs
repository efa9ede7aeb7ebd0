using Npgsql;
using Veza.EventStore.Database;

namespace Veza.Faults.Tests.Recording;

/// <summary>
/// Reads the database repeatedly, as an analyst would. Records each snapshot, and every event when it first appears.
/// </summary>
public sealed class SnapshotReader : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(40);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    /// <param name="connectionString">Directly to the server, not through the proxy that disturbs the writers.</param>
    public SnapshotReader(string name, string connectionString, History history) =>
        _loop = Task.Run(() => RunAsync(name, connectionString, history));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync(string name, string connectionString, History history)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        using var timer = new PeriodicTimer(Every);
        var seen = 0L;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                seen = await LookAsync(name, database, history, seen);
                await timer.WaitForNextTickAsync(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            // The server is away, which may be the fault under test.
            catch (Exception fault) when (DatabaseFaults.IsUnavailable(fault)) { }
        }
    }

    private async Task<long> LookAsync(string name, NpgsqlDataSource database, History history, long seen)
    {
        await using var connection = await database.OpenConnectionAsync(_stopping.Token);
        await using var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead,
            _stopping.Token
        );
        long count,
            lowest,
            highest,
            chain;
        await using (
            var whole = new NpgsqlCommand(
                "select count(*), coalesce(min(seq_id), 0), coalesce(max(seq_id), 0), "
                    + "(select coalesce(max(position), 0) from log.chain) from log.mt_events",
                connection
            )
        )
        await using (var reader = await whole.ExecuteReaderAsync(_stopping.Token))
        {
            await reader.ReadAsync(_stopping.Token);
            count = reader.GetInt64(0);
            lowest = reader.GetInt64(1);
            highest = reader.GetInt64(2);
            chain = reader.GetInt64(3);
        }
        if (highest == seen)
            return seen;
        var rows = await LogAtEnd.RowsAsync(connection, seen, _stopping.Token);
        history.Saw(
            new Snapshot(name, count, lowest, highest, chain, await LogAtEnd.NamesAsync(connection, _stopping.Token))
        );
        foreach (var row in rows)
            history.Saw(new Sighting(name, Live: false, row));
        return rows is [] ? seen : rows[^1].Position;
    }
}
