using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Projections;

/// <summary>
/// Applies the log's events to the rows of one projection, or of one shard of it, until it is cancelled.
/// </summary>
/// <remarks>
/// Each event is applied once: rows and checkpoint move together (<see cref="ProjectionWriter"/>), and a second runner
/// of the same checkpoint writes nothing and starts over. <see cref="RunAsync"/> runs on one loop; any thread may read
/// the status or wait. Faults are in <see cref="Status"/>; it tries again, and <see cref="PoisonPolicy"/> decides about
/// an event that cannot be applied.
/// </remarks>
public sealed class ProjectionRunner
{
    public const int BatchEventsMax = 2000;

    /// <summary>
    /// A runner at the head applies new events this often at most, unless a caller waits for it: a transaction for each
    /// event and projection would cost many times what the command did. See docs/performance/projections.md.
    /// </summary>
    private static readonly TimeSpan StepEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// A checkpoint that moved past events of no interest is written this late at most: other nodes wait by it.
    /// </summary>
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A database that crashed may have lost the last commits, rows and checkpoint alike (they are not waited for). An
    /// idle runner would not notice until the next event: it looks this often.
    /// </summary>
    private static readonly TimeSpan FenceLookEvery = TimeSpan.FromSeconds(5);

    /// <summary>How soon an operator's decision about a parked event is carried out.</summary>
    private static readonly TimeSpan DecisionLookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan NotServingLookEvery = TimeSpan.FromSeconds(1);

    private readonly EventLog _log;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly ProjectionWriter _writer;
    private readonly PoisonPolicy _poison;
    private readonly RestartBackoff _backoff;
    private readonly HashSet<string> _events;
    private readonly Progress _progress = new();
    private readonly KeyValuePair<string, object?> _label;
    private readonly string _span;
    private long? _caughtUpAt;
    private int _readMax = BatchEventsMax;
    private volatile string? _error;
    private volatile bool _fenced;
    private volatile bool _notServing;

    /// <param name="name">Of its checkpoint: the projection's, or that of one shard.</param>
    /// <param name="database">
    /// Commits without waiting for the flush: after a crash rows and checkpoint are older together, and the log still
    /// has it all.
    /// </param>
    /// <param name="retries">Null for <see cref="Retries.OfProjections"/>.</param>
    public ProjectionRunner(
        EventLog log,
        IProjection projection,
        string name,
        NpgsqlDataSource database,
        TimeProvider clock,
        ILogger logger,
        Retries? retries = null
    )
    {
        _log = log;
        Name = name;
        _database = database;
        _clock = clock;
        _logger = logger;
        _writer = new(log, projection, name, database, clock);
        _poison = new(name, projection.OnPoison, retries ?? Retries.OfProjections);
        _backoff = new(clock);
        _events = [.. projection.Events.Select(t => log.Types.Describe(t).Name)];
        _label = new("projection", name);
        _span = $"project {name}";
    }

    public string Name { get; }

    /// <summary>Everything at or below it is in the rows, as long as it runs.</summary>
    public long Position => _progress.Position;

    /// <summary>The views show its rows.</summary>
    public bool IsServing => !_notServing;

    /// <summary>Its state while it runs; out of date after that.</summary>
    public ProjectionStatus Status
    {
        get
        {
            var position = _progress.Position;
            return new(Name, State, position, Math.Max(0, _log.Head - position), _error);
        }
    }

    private ProjectionState State
    {
        get
        {
            if (_notServing)
                return ProjectionState.NotServing;
            if (_fenced)
                return ProjectionState.Fenced;
            return _error is null ? ProjectionState.Running : ProjectionState.Faulted;
        }
    }

    /// <summary>
    /// Completes when the rows hold everything up to <paramref name="position"/>, as far as this runner knows.
    /// </summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    /// <summary>Runs until it is cancelled, and never throws.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        do
        {
            var wait = await RunOnceAsync(ct);
            if (ct.IsCancellationRequested)
                break;
            if (!await (wait is { } fixedWait ? _backoff.WaitAsync(fixedWait, ct) : _backoff.WaitAsync(ct)))
                break;
        } while (!ct.IsCancellationRequested);
        await SaveIdleCheckpointAsync();
        // When it runs again it may be far behind: it is healthy once it has read its checkpoint and caught up.
        _error = "it has yet to go on from its checkpoint";
    }

    /// <summary>Applies events until a fault.</summary>
    /// <returns>How long to wait before the next time; null for the back-off's wait.</returns>
    private async Task<TimeSpan?> RunOnceAsync(CancellationToken ct)
    {
        try
        {
            await LoadAsync(ct);
            while (true)
            {
                await StepAsync(ct);
                _backoff.Reset();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested) { }
        catch (HistoryForkedException forked)
        {
            _backoff.Reset();
            _logger.LogWarning(
                "Projection {Projection} starts over from its checkpoint: {Reason}",
                Name,
                forked.Message
            );
        }
        catch (NotServingException)
        {
            _notServing = true;
            _fenced = false;
            _error = null;
            return NotServingLookEvery;
        }
        catch (TableReplacedException replaced)
        {
            _backoff.Reset();
            _logger.LogInformation(
                "Projection {Projection} goes on with the rebuilt rows: {Reason}",
                Name,
                replaced.Message
            );
        }
        catch (ProjectionFencedException fenced)
        {
            _fenced = true;
            _logger.LogWarning("{Reason}", fenced.Message);
        }
        catch (Exception away) when (_backoff.IsUnavailable(away))
        {
            _error = away.Message;
            _logger.LogWarning(
                "Projection {Projection} stays at {Position}, as the database does not answer ({Reason}); "
                    + "it tries again in {Wait}",
                Name,
                _progress.Position,
                away.Message,
                _backoff.Wait
            );
        }
        catch (Exception fault)
        {
            _error = fault.Message;
            _logger.LogError(
                fault,
                "Projection {Projection} stays at {Position} and tries again in {Wait}",
                Name,
                _progress.Position,
                _backoff.Wait
            );
        }
        return null;
    }

    private async Task LoadAsync(CancellationToken ct)
    {
        ParkedEvent? standing;
        await using (var connection = await _database.OpenConnectionAsync(ct))
        {
            await _writer.LoadAsync(connection, ct);
            standing = await _poison.LoadAsync(_writer.Checkpoint, connection, ct);
        }
        await _writer.ThrowIfBeyondHeadAsync(ct);
        _progress.MoveTo(_writer.Checkpoint);
        _fenced = false;
        _notServing = false;
        // It is the next that concerns the projection: all before it was applied when it was parked.
        if (standing is not null)
            await StandAsync(standing, ct);
    }

    private async Task StepAsync(CancellationToken ct)
    {
        if (_caughtUpAt is { } at && !_progress.IsAwaited && _clock.GetElapsedTime(at) < StepEvery)
            await Task.Delay(StepEvery, _clock, ct);
        var events = await _log.ReadAfterAsync(_progress.Position, _readMax, ct);
        _writer.ThrowIfForked();
        if (events.Count == 0)
        {
            // Everything is applied: a former fault is over.
            _error = null;
            await IdleAsync(ct);
            return;
        }
        var last = events[^1].Position;
        var mine = events.FindAll(e => _events.Contains(e.Name) && !_poison.IsSkipped(e.Position));
        if (mine.Count > 0)
        {
            var started = _clock.GetUtcNow();
            try
            {
                await _writer.WriteAsync(mine, last, null, ct);
            }
            catch (Exception fault) when (MayBeOfAnEvent(fault, ct))
            {
                await FailedAsync(events.Count, mine, fault, ct);
                return;
            }
            _poison.Applied();
            LogMetrics.ProjectionEvents.Add(mine.Count, _label);
            CommandTraces.Add(_span, started, mine);
        }
        else if (_writer.SinceCheckpoint >= CheckpointEvery)
        {
            await _writer.WriteAsync([], last, null, ct);
        }
        _progress.MoveTo(last);
        _caughtUpAt = events.Count < _readMax ? _clock.GetTimestamp() : null;
        _error = null;
        _readMax = Math.Min(_readMax * 2, BatchEventsMax);
    }

    private bool MayBeOfAnEvent(Exception fault, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && !Database.DatabaseFaults.IsUnavailable(fault)
        && fault is not (HistoryForkedException or ProjectionFencedException or TableReplacedException);

    /// <summary>
    /// Halves the batches until one event is alone with the fault; the others are applied and committed on the way.
    /// </summary>
    private async Task FailedAsync(int read, List<RecordedEvent> mine, Exception fault, CancellationToken ct)
    {
        _writer.DropRows();
        LogMetrics.ProjectionFaults.Add(1, _label);
        _error = fault.Message;
        if (mine.Count > 1)
        {
            _readMax = Math.Max(1, read / 2);
            return;
        }
        var poison = mine[0];
        if (_poison.Failed(poison, fault, _log.Types.IsNewer(poison.Type), out var wait) is { } parked)
        {
            await ParkAsync(parked, fault, ct);
            return;
        }
        _logger.LogError(
            fault,
            "Projection {Projection} cannot apply event {Position} and tries again in {Wait}",
            Name,
            poison.Position,
            wait
        );
        await Task.Delay(wait, _clock, ct);
    }

    private async Task ParkAsync(ParkedEvent parked, Exception fault, CancellationToken ct)
    {
        LogMetrics.ProjectionParked.Add(1, _label, new("outcome", ParkedEvents.Text(parked.State)));
        if (parked.State == ParkedState.Skipped)
        {
            await _writer.WriteAsync([], parked.Position, parked, ct);
            _poison.Skipped();
            _progress.MoveTo(parked.Position);
            _logger.LogError(
                fault,
                "Projection {Projection} goes on without event {Position} after {Attempts} attempts",
                Name,
                parked.Position,
                parked.Attempts
            );
            return;
        }
        // Up to the event before it the rows are complete, also for a node that takes over.
        await _writer.WriteAsync([], parked.Position - 1, parked, ct);
        _progress.MoveTo(parked.Position - 1);
        _logger.LogError(
            fault,
            "Projection {Projection} stops before event {Position} after {Attempts} attempts, "
                + "until an operator lets it retry or skip it",
            Name,
            parked.Position,
            parked.Attempts
        );
        await StandAsync(parked, ct);
    }

    /// <summary>Waits before an event until an operator has decided.</summary>
    private async Task StandAsync(ParkedEvent parked, CancellationToken ct)
    {
        _error = $"it stopped before event {parked.Position} until that is retried or skipped: {parked.Error}";
        while (true)
        {
            await Task.Delay(DecisionLookEvery, _clock, ct);
            await _writer.ThrowIfFencedAsync(ct);
            await using var connection = await _database.OpenConnectionAsync(ct);
            if (await _poison.IsDecidedAsync(parked, connection, ct))
                return;
        }
    }

    private async Task IdleAsync(CancellationToken ct)
    {
        var next = _log.Tail.WaitAsync(_progress.Position, ct);
        if (_progress.Position != _writer.Checkpoint && !await next.EndsWithinAsync(CheckpointEvery, _clock, ct))
            await _writer.WriteAsync([], _progress.Position, null, ct);
        while (!await next.EndsWithinAsync(FenceLookEvery, _clock, ct))
            await _writer.ThrowIfFencedAsync(ct);
    }

    private async Task SaveIdleCheckpointAsync()
    {
        if (_progress.Position <= _writer.Checkpoint || _fenced || _error is not null)
            return;
        try
        {
            await _writer.WriteAsync([], _progress.Position, null, CancellationToken.None);
        }
        catch (Exception fault) when (IsExpectedAtTheEnd(fault))
        {
            _logger.LogDebug(
                fault,
                "The checkpoint of {Projection} stays at {Position}; the events after it are of no interest to it",
                Name,
                _writer.Checkpoint
            );
        }
    }

    private static bool IsExpectedAtTheEnd(Exception fault) =>
        fault is NpgsqlException or ProjectionFencedException or TableReplacedException or HistoryForkedException;
}
