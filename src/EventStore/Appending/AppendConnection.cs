using System.Data;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Appending;

/// <summary>One attempt to append a batch.</summary>
internal sealed class AppendAttempt
{
    /// <summary>Its caller has stopped waiting; it takes no connection. Guarded by the connection's lock.</summary>
    public bool IsGivenUp { get; set; }
}

/// <summary>The appender's one connection, opened when it is needed and replaced after it broke.</summary>
/// <remarks>
/// A batch is never sent over a new connection while the backend of the former one may still read it. The appender's
/// loop uses it; an attempt that timed out may still run beside the next, and gets no connection any more.
/// </remarks>
internal sealed class AppendConnection(NpgsqlDataSource database, ILogger logger) : IAsyncDisposable
{
    /// <summary>An idle backend ends within milliseconds.</summary>
    private const int EndFormerWithinMs = 1000;

    private readonly Lock _taking = new();
    private NpgsqlConnection? _connection;
    private AppendCall? _call;
    private int _processId;
    private int? _former;

    /// <exception cref="TimeoutException">
    /// The attempt was given up meanwhile, or the former backend still works on its batch.
    /// </exception>
    public async Task<AppendCall> OpenAsync(AppendAttempt attempt)
    {
        if (_connection is { State: ConnectionState.Open } && _call is not null)
            return _call;
        GiveUp();
        var connection = await database.OpenConnectionAsync();
        try
        {
            await EndFormerAsync(connection);
            var call = await AppendCall.PrepareAsync(connection, CancellationToken.None);
            lock (_taking)
            {
                if (attempt.IsGivenUp)
                    throw new TimeoutException("the attempt was given up");
                _connection = connection;
                _call = call;
                _processId = connection.ProcessID;
            }
            return call;
        }
        catch
        {
            await CloseAsync(connection);
            throw;
        }
    }

    /// <summary>Drops the connection without waiting for its running command, which may never end.</summary>
    /// <param name="attempt">The attempt that is given up with it.</param>
    public void GiveUp(AppendAttempt? attempt = null)
    {
        NpgsqlConnection? broken;
        lock (_taking)
        {
            if (attempt is not null)
                attempt.IsGivenUp = true;
            broken = _connection;
            _connection = null;
            _call = null;
        }
        if (broken is null)
            return;
        _former = _processId;
        _ = CloseAsync(broken);
    }

    public async ValueTask DisposeAsync() => await CloseAsync(_connection);

    /// <summary>Ends the backend of the former connection, which may not have read its batch yet.</summary>
    /// <remarks>
    /// Were the batch answered through the new connection, the other could still append later what was refused here. A
    /// backend that works is left alone: it may be waiting for the log's lock, or for its standby.
    /// </remarks>
    private async Task EndFormerAsync(NpgsqlConnection connection)
    {
        if (_former is not { } former)
            return;
        await using var end = new NpgsqlCommand(
            $"""
            select state <> 'active' and pg_terminate_backend(pid, {EndFormerWithinMs})
            from pg_stat_activity where pid = $1 and application_name = '{Appender.ApplicationName}'
            """,
            connection
        );
        end.Parameters.Add(new NpgsqlParameter<int> { TypedValue = former });
        if (await end.ExecuteScalarAsync() is false)
            throw new TimeoutException($"backend {former} still works on the batch");
        if (_former == former)
            _former = null;
    }

    private async Task CloseAsync(NpgsqlConnection? connection)
    {
        if (connection is null)
            return;
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or InvalidOperationException)
        {
            logger.LogDebug(fault, "Closing a broken connection failed");
        }
    }
}
