using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Projections;

/// <summary>
/// Builds a projection anew in a table beside the one that serves, and swaps the two when it has caught up.
/// </summary>
/// <remarks>
/// Rows and position move in one transaction, so that any node can resume the build after a stop or a crash. A session
/// lock keeps it on one node. A fault is logged and stored in the build's row; it is tried again.
/// </remarks>
internal sealed class ProjectionBuild(
    EventLog log,
    IProjection projection,
    NpgsqlDataSource database,
    TimeProvider clock,
    int rowBytesMax,
    ILogger logger
)
{
    /// <summary>
    /// Progress is written at least this often, also when few rows change: a crash loses the rest, and operators watch
    /// it.
    /// </summary>
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(2);

    /// <summary>Events that are folded while readers wait for the swap: some milliseconds' work.</summary>
    private const int SwapEventsMax = 2_000;

    /// <summary>How long readers may wait for a swap that itself waits for a long query.</summary>
    private const string SwapWaitMax = "200ms";
    private static readonly TimeSpan SwapAgainAfter = TimeSpan.FromSeconds(1);

    private readonly string[] _aliases = log.Types.AliasesOf(projection.Events);
    private readonly EventFeed _feed = new(database, log.Cipher);
    private readonly string _table = ServingTables.BuildTableOf(projection.Name);
    private readonly int _generation = log.HistoryGeneration;
    private readonly string _epoch = log.Epoch;
    private IProjectionRows _rows = null!;
    private long _position;
    private long _written;
    private long _events;
    private long _writtenAt;

    private string Name => projection.Name;

    /// <summary>
    /// Builds until the swap, a cancellation, a fault or the end of the node; returns when another node builds it.
    /// </summary>
    public async Task RunAsync(CancellationToken ct)
    {
        // The holder of the lock builds. The lock ends with the connection, over which everything is written.
        await using var connection = await database.OpenConnectionAsync(ct);
        if (!await AskAsync<bool>("select pg_try_advisory_lock(7310574, hashtext($1))", connection, ct))
            return;
        try
        {
            if (!await BeginAsync(connection, ct))
                return;
            await CatchUpAsync(connection, ct);
            foreach (var (_, sql) in projection.Table.Indices(_table))
                await ServingTables.ExecuteAsync(sql, connection, null, ct);
            // Without statistics the first queries on the table would be planned badly.
            await ServingTables.ExecuteAsync($"analyze {_table}", connection, null, ct);
            do await CatchUpAsync(connection, ct);
            while (!await TrySwapAsync(connection, ct));
            logger.LogInformation(
                "Projection {Projection} was built anew from {Events} events, and its view shows it from {Position} on",
                Name,
                _events,
                _position
            );
        }
        catch (BuildCancelledException)
        {
            logger.LogInformation("The build of projection {Projection} was cancelled", Name);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            logger.LogError(
                fault,
                "The build of projection {Projection} stays at {Position} and is tried again",
                Name,
                _written
            );
            // Rows built from a history that is gone cannot be used.
            if (connection.State == System.Data.ConnectionState.Open && !DatabaseFaults.IsUnavailable(fault))
                await ServingTables.ExecuteAsync(
                    "update log.builds set error = $2, epoch = case when $3 then null else epoch end where name = $1",
                    connection,
                    null,
                    CancellationToken.None,
                    Name,
                    fault.Message,
                    fault is HistoryForkedException
                );
        }
        finally
        {
            // A broken connection has lost the lock; a good one would keep it in the pool.
            if (connection.State == System.Data.ConnectionState.Open)
                await ServingTables.ExecuteAsync(
                    "select pg_advisory_unlock(7310574, hashtext($1))",
                    connection,
                    null,
                    CancellationToken.None,
                    Name
                );
        }
    }

    private async Task<bool> BeginAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (
            var find = new NpgsqlCommand(
                "select position, events, epoch from log.builds where name = $1 for update",
                connection,
                transaction
            )
        )
        {
            find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
            await using var row = await find.ExecuteReaderAsync(ct);
            if (!await row.ReadAsync(ct))
                return false;
            _position = row.GetInt64(0);
            _events = row.GetInt64(1);
            // Another history may lack the events of these rows, and another release may have other columns.
            if (row.IsDBNull(2) || row.GetString(2) != _epoch)
                (_position, _events) = (0, 0);
        }
        if (
            _position > 0
            && await TableCheck.DifferenceAsync(projection.Table, _table, connection, transaction, ct) is not null
        )
            (_position, _events) = (0, 0);
        if (_position == 0)
        {
            await ServingTables.ExecuteAsync(
                $"drop table if exists {_table}; {projection.Table.CreateSql(_table)}",
                connection,
                transaction,
                ct
            );
            await ServingTables.ExecuteAsync(
                "update log.builds set epoch = $2, position = 0, events = 0, per_second = null where name = $1",
                connection,
                transaction,
                ct,
                Name,
                _epoch
            );
        }
        await transaction.CommitAsync(ct);
        _rows = projection.Open(_table, new(rowBytesMax, Empty: _position == 0));
        (_written, _writtenAt) = (_position, clock.GetTimestamp());
        return true;
    }

    private async Task CatchUpAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        do
        {
            var head = log.Head;
            await foreach (var page in _feed.ReadAsync(_position, head, _aliases, ct))
            {
                await _rows.FoldAsync(connection, page.Events, ct);
                (_position, _events) = (page.UpTo, _events + page.Events.Count);
                if (_rows.IsFull || clock.GetElapsedTime(_writtenAt) >= WriteEvery)
                    await WriteAsync(connection, ct);
            }
        } while (log.Head - _position > SwapEventsMax / 2);
        if (_written < _position)
            await WriteAsync(connection, ct);
    }

    private async Task WriteAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        log.ThrowIfForkedSince(_generation);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await MoveAsync(connection, transaction, ct);
        await _rows.WriteAsync(connection, transaction, ct);
        await transaction.CommitAsync(ct);
        (_written, _writtenAt) = (_position, clock.GetTimestamp());
    }

    /// <summary>
    /// Moves the build's position, first in each transaction: a cancellation locks the build's row, then the table.
    /// </summary>
    private async Task MoveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var move = new NpgsqlCommand(
            """
            update log.builds set position = $2, events = $3, per_second = $4, error = null
            where name = $1 and position = $5
            """,
            connection,
            transaction
        );
        move.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _position });
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _events });
        move.Parameters.Add(
            new NpgsqlParameter<double>
            {
                TypedValue = (_position - _written) / Math.Max(0.001, clock.GetElapsedTime(_writtenAt).TotalSeconds),
            }
        );
        move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _written });
        if (await move.ExecuteNonQueryAsync(ct) == 0)
            throw new BuildCancelledException();
    }

    /// <summary>
    /// Swaps in one transaction: readers wait while it folds the rest of the log and changes the view, the table's name
    /// and the checkpoint.
    /// </summary>
    /// <returns>False, with nothing changed, when a long query was in the way or the log had grown too far.</returns>
    private async Task<bool> TrySwapAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        log.ThrowIfForkedSince(_generation);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
            await ServingTables.ExecuteAsync($"set local lock_timeout = '{SwapWaitMax}'", connection, transaction, ct);
            await MoveAsync(connection, transaction, ct);
            await ServingTables.HoldReadersAsync(Name, connection, transaction, ct);
        }
        catch (PostgresException held)
            when (held.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected)
        {
            await transaction.RollbackAsync(ct);
            await Task.Delay(SwapAgainAfter, clock, ct);
            return false;
        }
        // Up to the head: the serving rows' runner cannot be further, in memory or in its checkpoint, so no reader goes
        // back.
        var head = await AskAsync<long>(
            "select coalesce(max(position), 0) from log.chain where $1 <> ''",
            connection,
            ct
        );
        if (head - _position > SwapEventsMax)
            return false;
        var rest = await EventFeed.ReadPageAsync(connection, log.Cipher, _position, head, _aliases, ct);
        await _rows.FoldAsync(connection, rest, ct);
        await _rows.WriteAsync(connection, transaction, ct);
        (_position, _events) = (head, _events + rest.Count);
        await ServingTables.SwapAsync(projection, _position, connection, transaction, ct);
        await transaction.CommitAsync(ct);
        return true;
    }

    private async Task<T> AskAsync<T>(string sql, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand(sql, connection);
        ask.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
        return (T)(await ask.ExecuteScalarAsync(ct))!;
    }

    private sealed class BuildCancelledException : Exception;
}
