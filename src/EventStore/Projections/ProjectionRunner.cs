using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Projections;

/// <remarks><see cref="NotServing"/>: the views show another version's rows, until this one is built or for good.</remarks>
public enum ProjectionState { Running, Faulted, Fenced, NotServing }

/// <param name="Position">Everything at or below it is in the rows.</param>
public sealed record ProjectionStatus(string Name, ProjectionState State, long Position, long Lag, string? Error);

/// <summary>
/// Keeps one projection. Rows and checkpoint move in one transaction, the checkpoint by compare-and-set: a second runner of the same projection
/// finds the checkpoint moved, writes nothing and waits.
/// </summary>
public sealed class ProjectionRunner
{
    public const int BatchEventsMax = 2000;
    /// <summary>A checkpoint that moved past events of no interest is written down this late at most: other nodes wait by it.</summary>
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(1);
    /// <summary>
    /// A database that crashed may have lost the last commits, rows and checkpoint alike (they are not waited for). A runner with nothing to do would not
    /// notice until the next event: it looks this often.
    /// </summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NotServingLookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UnavailableRetryMax = TimeSpan.FromSeconds(1);

    private readonly EventLog _log;
    private readonly IProjection _projection;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HashSet<string> _events;
    private readonly Progress _progress = new();
    private long _checkpoint;
    private long _checkpointAt;
    private int _forks;
    private (long Position, uint Table)? _beyond;
    private IProjectionRows _rows = null!;
    private volatile string? _error;
    private volatile bool _fenced;
    private volatile bool _notServing;

    /// <param name="database">Commits without waiting for the flush: after a crash rows and checkpoint are older together, and the log still has it all.</param>
    public ProjectionRunner(EventLog log, IProjection projection, NpgsqlDataSource database, TimeProvider clock, ILogger logger)
    {
        (_log, _projection, _database, _clock, _logger) = (log, projection, database, clock, logger);
        _events = [.. projection.Events.Select(t => log.Types.Describe(t).Name)];
    }

    public string Name => _projection.Name;

    public ProjectionStatus Status
    {
        get
        {
            var position = _progress.Position;
            return new(Name, _notServing ? ProjectionState.NotServing : _fenced ? ProjectionState.Fenced : _error is null ? ProjectionState.Running : ProjectionState.Faulted, position,
                Math.Max(0, _log.Head - position), _error);
        }
    }

    /// <summary>Completes when the rows hold everything up to <paramref name="position"/>.</summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    public async Task RunAsync(CancellationToken ct)
    {
        var wait = RetryMin;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await LoadCheckpointAsync(ct);
                (_fenced, _notServing) = (false, false);
                while (true)
                {
                    await StepAsync(ct);
                    _error = null;
                    wait = RetryMin;
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested) { break; }
            catch (HistoryForkedException forked)
            {
                wait = RetryMin;
                _logger.LogWarning("Projection {Projection} starts over from its checkpoint: {Reason}", Name, forked.Message);
            }
            catch (NotServingException)
            {
                (wait, _notServing, _fenced, _error) = (NotServingLookEvery, true, false, null);
            }
            catch (TableReplacedException replaced)
            {
                wait = RetryMin;
                _logger.LogInformation("Projection {Projection} goes on with the rebuilt rows: {Reason}", Name, replaced.Message);
            }
            catch (ProjectionFencedException fenced)
            {
                _fenced = true;
                _logger.LogWarning("{Reason}", fenced.Message);
            }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                _error = away.Message;
                // It costs little to ask, and readers wait: a database that is back is not kept waiting for half a minute.
                if (wait > UnavailableRetryMax) wait = UnavailableRetryMax;
                _logger.LogWarning("Projection {Projection} stands at {Position}, as the database does not answer ({Reason}); it tries again in {Wait}", Name, _progress.Position, away.Message, wait);
            }
            catch (Exception fault)
            {
                _error = fault.Message;
                LogMetrics.ProjectionFaults.Add(1, new KeyValuePair<string, object?>("projection", Name));
                _logger.LogError(fault, "Projection {Projection} stands at {Position} and tries again in {Wait}", Name, _progress.Position, wait);
            }
            try { await Task.Delay(wait, _clock, ct); }
            catch (OperationCanceledException) { break; }
            wait = wait * 2 < RetryMax ? wait * 2 : RetryMax;
        }
        await SaveIdleCheckpointAsync();
    }

    private async Task LoadCheckpointAsync(CancellationToken ct)
    {
        _forks = _log.Forks;
        await using var connection = await _database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var table = await ServingTables.FindServingAsync(Name, connection, transaction, ct) ?? throw new NotServingException();
        _checkpoint = await Checkpoint.LoadAsync(Name, connection, transaction, ct);
        await transaction.CommitAsync(ct);
        _rows = _projection.Open(ServingTables.TableOf(Name), RowsUse.Live);
        // Remembered, as the log may grow past it, which brings back none of the events that the rows hold; a rebuilt table does.
        if (_checkpoint > await _log.Reader.HeadAsync(ct)) _beyond = (_checkpoint, table);
        if (_beyond == (_checkpoint, table)) throw new ProjectionBeyondHeadException(Name, _checkpoint);
        _beyond = null;
        _progress.MoveTo(_checkpoint);
    }

    private async Task StepAsync(CancellationToken ct)
    {
        var events = await _log.ReadAfterAsync(_progress.Position, BatchEventsMax, ct);
        _log.ThrowIfForkedSince(_forks);
        if (events.Count == 0)
        {
            // Everything is applied, so whatever was wrong no longer is.
            _error = null;
            await IdleAsync(ct);
            return;
        }
        var last = events[^1].Position;
        var mine = events.FindAll(e => _events.Contains(e.Name));
        if (mine.Count > 0)
        {
            await WriteAsync(mine, last, ct);
            LogMetrics.ProjectionEvents.Add(mine.Count, new KeyValuePair<string, object?>("projection", Name));
        }
        else if (_clock.GetElapsedTime(_checkpointAt) >= CheckpointEvery)
        {
            await WriteAsync([], last, ct);
        }
        _progress.MoveTo(last);
    }

    private async Task IdleAsync(CancellationToken ct)
    {
        var next = _log.Tail.WaitAsync(_progress.Position, ct);
        if (_progress.Position != _checkpoint)
        {
            try { await next.WaitAsync(CheckpointEvery, _clock, ct); }
            catch (TimeoutException) { await WriteAsync([], _progress.Position, ct); }
        }
        while (true)
        {
            try
            {
                await next.WaitAsync(LookEvery, _clock, ct);
                return;
            }
            catch (TimeoutException) { await LookAsync(ct); }
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        if (await Checkpoint.FindAsync(Name, connection, ct) != _checkpoint) throw new ProjectionFencedException(Name, _checkpoint);
    }

    private async Task WriteAsync(List<RecordedEvent> events, long last, CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        // Opening it may be what told of a fork; the events are of the history before.
        _log.ThrowIfForkedSince(_forks);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (events.Count > 0)
        {
            await _rows.FoldAsync(connection, events, ct);
            await _rows.WriteAsync(connection, transaction, ct);
        }
        if (!await Checkpoint.TryMoveAsync(Name, _checkpoint, last, connection, transaction, ct)) throw new ProjectionFencedException(Name, _checkpoint);
        await transaction.CommitAsync(ct);
        (_checkpoint, _checkpointAt) = (last, _clock.GetTimestamp());
    }

    private async Task SaveIdleCheckpointAsync()
    {
        if (_progress.Position <= _checkpoint || _fenced || _error is not null) return;
        try { await WriteAsync([], _progress.Position, CancellationToken.None); }
        catch (Exception fault) when (fault is NpgsqlException or ProjectionFencedException or HistoryForkedException)
        {
            _logger.LogDebug(fault, "The checkpoint of {Projection} stays at {Position}; the events after it are of no interest to it", Name, _checkpoint);
        }
    }
}

/// <summary>This projection's checkpoint is not where this runner left it; nothing was written here.</summary>
public sealed class ProjectionFencedException(string projection, long position)
    : Exception($"the checkpoint of projection {projection} no longer stands at {position}: another runner moved it, or the database lost its last commits; this one starts over from it");

/// <summary>The views show another version's rows.</summary>
internal sealed class NotServingException : Exception;

/// <summary>The rows hold events that the log no longer has, as after a restore of the log alone.</summary>
public sealed class ProjectionBeyondHeadException(string projection, long position)
    : Exception($"the checkpoint of projection {projection} is {position}, and the log did not reach so far: its rows hold events that no longer exist; only a rebuild mends them");
