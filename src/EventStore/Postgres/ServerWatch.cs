using Microsoft.Extensions.Logging;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Postgres;

public enum ServerState
{
    Running,

    /// <summary>It has ended by itself, and the watch restarts it.</summary>
    Restarting,

    /// <summary>An operator shut it down. It stays down until an operator starts it again.</summary>
    StoppedByOthers,
}

/// <summary>The state of the private PostgreSQL.</summary>
/// <param name="Since">When this state began.</param>
/// <param name="Attempts">Failed starts since the server ended, including starts that it soon ended after.</param>
/// <param name="LastReason">
/// Why it last did not run; null when it always did. It holds no paths, since every caller may read it.
/// </param>
/// <param name="Restarts">Successful restarts since the watch began.</param>
public sealed record ServerStatus(
    ServerState State,
    DateTimeOffset Since,
    int Attempts,
    string? LastReason,
    long Restarts
);

/// <summary>
/// Restarts the private PostgreSQL when it ends by itself, and keeps a reserve on its disk. It notices a killed server
/// within <see cref="LookEvery"/> and restarts it immediately. It repeats failed starts with growing waits.
/// </summary>
/// <remarks>
/// <para>PostgreSQL recovers from the crash of one backend by itself, since its postmaster stays. The watch does not
/// restart a server that an operator shut down. <see cref="LocalPostgres.StopAsync"/> ends the watch first.</para>
/// <para>It polls and does not wait for the process: an adopted server is no child of this process, and a zombie in a
/// container without an init never disappears. Any thread may read <see cref="Status"/>.</para>
/// </remarks>
public sealed class ServerWatch : IAsyncDisposable
{
    /// <summary>A check reads one small file and one link below /proc.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>The wait before the second attempt, doubled for each further one. The first has none.</summary>
    public static readonly TimeSpan RestartWaitMin = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Short enough that a start soon follows the operator's repair, and long enough for a readable log.
    /// </summary>
    public static readonly TimeSpan RestartWaitMax = TimeSpan.FromSeconds(30);

    /// <summary>A server that ends sooner after its start counts as a failed start.</summary>
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

    /// <param name="failed">Failed attempts, 0 or more.</param>
    internal static TimeSpan WaitAfter(int failed)
    {
        if (failed == 0)
            return TimeSpan.Zero;
        var wait = RestartWaitMin * Math.Pow(2, Math.Min(failed - 1, 30));
        return wait < RestartWaitMax ? wait : RestartWaitMax;
    }

    /// <summary>Ends the watch. It also aborts a running start, and its server.</summary>
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
            // The watch is cancelled, or its running start is aborted.
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            // For example the machine has no memory for another process. The next check may succeed.
            catch (Exception fault)
            {
                _logger.LogError(fault, "A check of PostgreSQL failed; the watch goes on");
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
                "PostgreSQL (process {ProcessId}) was shut down and stays down; start it, or Veza, again",
                _processId
            );
            Become(ServerState.StoppedByOthers, attempts: 0, "it was stopped in order");
            return;
        }
        // A server that does not stay up keeps its count of attempts.
        var isStable = _status.Restarts == 0 || _clock.GetUtcNow() - _status.Since >= StableAfter;
        var attempts = isStable ? 0 : _status.Attempts + 1;
        var reason = _postgres.Disk.Look().IsFull ? "its disk is full" : "it was killed or crashed";
        Become(ServerState.Restarting, attempts, reason);
        _logger.LogError(
            "PostgreSQL (process {ProcessId}) has ended by itself: {Reason}; the watch restarts it",
            _processId,
            reason
        );
        while (!await TryStartAsync()) { }
    }

    /// <summary>Waits, but not longer than until a full disk has space again.</summary>
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
            LogMetrics.ServerFailed();
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
        LogMetrics.ServerStarted();
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
