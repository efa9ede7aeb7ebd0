using Microsoft.Extensions.Logging;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Postgres;

public enum ServerState
{
    Running,

    /// <summary>It has ended by itself, and is being started again.</summary>
    Restarting,

    /// <summary>Somebody stopped it in order. It is left alone until they start it again.</summary>
    StoppedByOthers,
}

/// <summary>How the private PostgreSQL is.</summary>
/// <param name="Since">When this state began.</param>
/// <param name="Attempts">Failed starts since the server ended, or the ends soon after a start.</param>
/// <param name="LastReason">
/// Why it last did not run; null when it always did. Without paths: anybody may read it.
/// </param>
/// <param name="Restarts">Successful ones since the watch began.</param>
public sealed record ServerStatus(
    ServerState State,
    DateTimeOffset Since,
    int Attempts,
    string? LastReason,
    long Restarts
);

/// <summary>
/// Starts the private PostgreSQL again when it ends by itself, and keeps a reserve on its disk. A killed server is
/// noticed within <see cref="LookEvery"/> and started at once. Starts that fail are repeated with growing waits.
/// </summary>
/// <remarks>
/// <para>A crash of one backend is PostgreSQL's own affair: its postmaster stays and recovers. An operator who stops
/// the server in order wants it stopped, and so does <see cref="LocalPostgres.StopAsync"/>, which ends the watch
/// first.</para>
/// <para>It looks rather than waits for the process: that of an adopted server is not a child of ours, and a zombie in
/// a container without an init never goes away. <see cref="Status"/> may be read from any thread.</para>
/// </remarks>
public sealed class ServerWatch : IAsyncDisposable
{
    /// <summary>A look reads one small file and one link below /proc.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Before the second attempt; doubled after each further one. The first is made at once.</summary>
    public static readonly TimeSpan RestartWaitMin = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Soon enough after the operator has done something about it, and rarely enough for a log one can read.
    /// </summary>
    public static readonly TimeSpan RestartWaitMax = TimeSpan.FromSeconds(30);

    /// <summary>A server that ends sooner after its start counts as one that did not start.</summary>
    public static readonly TimeSpan StableAfter = TimeSpan.FromSeconds(10);

    private readonly LocalPostgres _postgres;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private volatile ServerStatus _status;
    private int _processId;

    internal ServerWatch(LocalPostgres postgres, TimeProvider clock, ILogger logger)
    {
        _postgres = postgres;
        _clock = clock;
        _logger = logger;
        _processId = postgres.ProcessId;
        _status = new(ServerState.Running, clock.GetUtcNow(), Attempts: 0, LastReason: null, Restarts: 0);
        _loop = Task.Run(RunAsync);
    }

    public ServerStatus Status => _status;

    /// <param name="failed">Attempts that have failed, 0 or more.</param>
    internal static TimeSpan WaitAfter(int failed)
    {
        if (failed == 0)
            return TimeSpan.Zero;
        var wait = RestartWaitMin * Math.Pow(2, Math.Min(failed - 1, 30));
        return wait < RestartWaitMax ? wait : RestartWaitMax;
    }

    /// <summary>Ends the watch; a start that is under way is ended too, with the server it would have made.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        while (!_loop.IsCompleted)
        {
            if (_status.State == ServerState.Restarting)
                await _postgres.EndStartAsync();
            await Task.WhenAny(_loop, Task.Delay(LookEvery, CancellationToken.None));
        }
        await _loop;
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                _postgres.Reserve.Keep();
                if (_postgres.ProcessId is not 0 and var found)
                    NoteRunning(found);
                else if (_status.State != ServerState.StoppedByOthers)
                    await BringBackAsync();
                await Task.Delay(LookEvery, _clock, _stopping.Token);
            }
            // Cancelled, or the start that was under way is ended.
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            // Such as a machine without memory for one more process: the next look may find it better.
            catch (Exception fault)
            {
                _logger.LogError(fault, "Watching PostgreSQL failed and goes on");
                await Task.Delay(RestartWaitMin, _clock, CancellationToken.None);
            }
        }
    }

    private void Become(ServerState state, int attempts, string reason) =>
        _status = _status with { State = state, Since = _clock.GetUtcNow(), Attempts = attempts, LastReason = reason };

    private void NoteRunning(int found)
    {
        if (_status.State == ServerState.StoppedByOthers)
        {
            _logger.LogInformation("PostgreSQL runs again, as process {ProcessId}", found);
            _status = _status with { State = ServerState.Running, Since = _clock.GetUtcNow(), Attempts = 0 };
        }
        _processId = found;
    }

    private async Task BringBackAsync()
    {
        if (await _postgres.WasStoppedInOrderAsync())
        {
            _logger.LogWarning(
                "PostgreSQL (process {ProcessId}) was stopped in order and is left alone; start it, or Veza, again",
                _processId
            );
            Become(ServerState.StoppedByOthers, attempts: 0, "it was stopped in order");
            return;
        }
        // Attempts of before count on for a server that does not stay up.
        var isStable = _status.Restarts == 0 || _clock.GetUtcNow() - _status.Since >= StableAfter;
        var attempts = isStable ? 0 : _status.Attempts + 1;
        var reason = _postgres.Disk.Look().IsFull ? "its disk is full" : "it was killed or crashed";
        Become(ServerState.Restarting, attempts, reason);
        _logger.LogError(
            "PostgreSQL (process {ProcessId}) has ended by itself: {Reason}; it is started again",
            _processId,
            reason
        );
        while (!await TryStartAsync()) { }
    }

    /// <summary>Waits for so long, or until a disk that is full has room again.</summary>
    private async Task WaitAsync(TimeSpan wait)
    {
        var began = _clock.GetTimestamp();
        var wasFull = _postgres.Disk.Look().IsFull;
        while (_clock.GetElapsedTime(began) < wait && !(wasFull && !_postgres.Disk.Look().IsFull))
            await Task.Delay(LookEvery, _clock, _stopping.Token);
    }

    private async Task<bool> TryStartAsync()
    {
        await WaitAsync(WaitAfter(_status.Attempts));
        try
        {
            _postgres.Reserve.Keep();
            await _postgres.StartAgainAsync();
            _stopping.Token.ThrowIfCancellationRequested();
        }
        catch (Exception fault) when (!_stopping.IsCancellationRequested)
        {
            LogMetrics.ServerRestarts.Add(1, new KeyValuePair<string, object?>("outcome", "failed"));
            var isFull = _postgres.Disk.Look().IsFull;
            var reason = isFull ? "its disk is full" : "it does not start; the server's log says why";
            var attempts = _status.Attempts + 1;
            _status = _status with { Attempts = attempts, LastReason = reason };
            _logger.LogError(
                fault,
                "PostgreSQL does not start, attempt {Attempt}; next in {Wait}",
                attempts,
                WaitAfter(attempts)
            );
            return false;
        }
        _processId = _postgres.ProcessId;
        LogMetrics.ServerRestarts.Add(1, new KeyValuePair<string, object?>("outcome", "started"));
        var now = _clock.GetUtcNow();
        _logger.LogWarning(
            "PostgreSQL runs again, as process {ProcessId}, {Elapsed} after it had ended",
            _processId,
            now - _status.Since
        );
        _status = _status with { State = ServerState.Running, Since = now, Restarts = _status.Restarts + 1 };
        return true;
    }
}
