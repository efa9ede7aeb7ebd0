using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Projections;

public enum ProjectionState
{
    Running,

    /// <summary>It does not get on; its error says why.</summary>
    Faulted,

    /// <summary>Somebody else moved its checkpoint; it starts over from it.</summary>
    Fenced,

    /// <summary>Another node runs it, or will in a moment.</summary>
    Elsewhere,

    /// <summary>The views show another version's rows, until this one is built or for good.</summary>
    NotServing,
}

/// <param name="Position">Everything at or below it is in the rows.</param>
public sealed record ProjectionStatus(string Name, ProjectionState State, long Position, long Lag, string? Error);

/// <summary>
/// Keeps one projection, or one shard of it. Rows and checkpoint move in one transaction, the checkpoint by
/// compare-and-set: a second runner of the same checkpoint finds it moved, writes nothing and starts over from it.
/// </summary>
public sealed class ProjectionRunner
{
    public const int BatchEventsMax = 2000;

    /// <summary>
    /// So many events skipped with none applied in between are no poison events: it is the projection that is broken,
    /// and it stands still instead.
    /// </summary>
    public const int SkippedInARowMax = 10;

    /// <summary>
    /// A runner at the head takes what has come since this often at most, unless somebody waits for it: a transaction
    /// for each event and projection would cost many times what the command did. See
    /// docs/performance/projections.md.
    /// </summary>
    private static readonly TimeSpan StepEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// A checkpoint that moved past events of no interest is written down this late at most: other nodes wait by it.
    /// </summary>
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A database that crashed may have lost the last commits, rows and checkpoint alike (they are not waited for). A
    /// runner with nothing to do would not notice until the next event: it looks this often.
    /// </summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    /// <summary>How soon an operator's decision about the event it stands before is carried out.</summary>
    private static readonly TimeSpan DecisionLookEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NotServingLookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UnavailableRetryMax = TimeSpan.FromSeconds(1);

    private readonly EventLog _log;
    private readonly IProjection _projection;
    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Retries _retries;
    private readonly HashSet<string> _events;
    private readonly HashSet<long> _skipped = [];
    private readonly Progress _progress = new();
    private long _checkpoint;
    private long _checkpointAt;
    private long? _caughtUpAt;
    private uint _table;
    private int _generation;
    private int _readMax = BatchEventsMax;
    private int _failedAttempts;
    private int _skippedInARow;
    private (long Position, uint Table)? _beyond;
    private IProjectionRows _rows = null!;
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
        _projection = projection;
        Name = name;
        _database = database;
        _clock = clock;
        _logger = logger;
        _retries = retries ?? Retries.OfProjections;
        _events = [.. projection.Events.Select(t => log.Types.Describe(t).Name)];
    }

    public string Name { get; }

    /// <summary>Everything at or below it is in the rows, as long as it runs.</summary>
    public long Position => _progress.Position;

    /// <summary>The views show its rows.</summary>
    public bool IsServing => !_notServing;

    /// <summary>What it is as long as it runs; nobody keeps it up to date after.</summary>
    public ProjectionStatus Status
    {
        get
        {
            var position = _progress.Position;
            return new(
                Name,
                _notServing ? ProjectionState.NotServing
                    : _fenced ? ProjectionState.Fenced
                    : _error is null ? ProjectionState.Running
                    : ProjectionState.Faulted,
                position,
                Math.Max(0, _log.Head - position),
                _error
            );
        }
    }

    /// <summary>
    /// Completes when the rows hold everything up to <paramref name="position"/>, as far as this runner knows.
    /// </summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    /// <summary>Runs until it is cancelled; whatever goes wrong is in <see cref="Status"/>.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var wait = RetryMin;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await LoadAsync(ct);
                while (true)
                {
                    await StepAsync(ct);
                    wait = RetryMin;
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }
            catch (HistoryForkedException forked)
            {
                wait = RetryMin;
                _logger.LogWarning(
                    "Projection {Projection} starts over from its checkpoint: {Reason}",
                    Name,
                    forked.Message
                );
            }
            catch (NotServingException)
            {
                wait = NotServingLookEvery;
                _notServing = true;
                _fenced = false;
                _error = null;
            }
            catch (TableReplacedException replaced)
            {
                wait = RetryMin;
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
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                _error = away.Message;
                // It costs little to ask, and readers wait: a database that is back is not kept waiting for half a
                // minute.
                if (wait > UnavailableRetryMax)
                    wait = UnavailableRetryMax;
                _logger.LogWarning(
                    "Projection {Projection} stands at {Position}, as the database does not answer ({Reason}); it tries again in {Wait}",
                    Name,
                    _progress.Position,
                    away.Message,
                    wait
                );
            }
            catch (Exception fault)
            {
                _error = fault.Message;
                _logger.LogError(
                    fault,
                    "Projection {Projection} stands at {Position} and tries again in {Wait}",
                    Name,
                    _progress.Position,
                    wait
                );
            }
            try
            {
                await Task.Delay(wait, _clock, ct);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            wait = wait * 2 < RetryMax ? wait * 2 : RetryMax;
        }
        await SaveIdleCheckpointAsync();
        // Should it be run again, what it knew may be long past: it is well when it has read its checkpoint and caught
        // up.
        _error = "it has yet to go on from its checkpoint";
    }

    private async Task LoadAsync(CancellationToken ct)
    {
        _generation = _log.HistoryGeneration;
        List<ParkedEvent> standing;
        await using (var connection = await _database.OpenConnectionAsync(ct))
        {
            await using (var transaction = await connection.BeginTransactionAsync(ct))
                _table = await ServingTables.FindServingAsync(_projection.Name, connection, transaction, ct)
                    ?? throw new NotServingException();
            // Of what serves only: a projection that was withdrawn is not to be given a new one.
            _checkpoint = await Checkpoint.LoadAsync(Name, connection, ct);
            _skipped.Clear();
            foreach (
                var skipped in await ParkedEvents.FindAsync(
                    Name,
                    ParkedState.Skipped,
                    after: _checkpoint,
                    int.MaxValue,
                    connection,
                    ct
                )
            )
                _skipped.Add(skipped.Position);
            standing = await ParkedEvents.FindAsync(Name, ParkedState.Standing, after: _checkpoint, 1, connection, ct);
        }
        // Remembered, as the log may grow past it, which brings back none of the events that the rows hold; a rebuilt
        // table does.
        if (_checkpoint > await _log.Reader.HeadAsync(ct))
            _beyond = (_checkpoint, _table);
        if (_beyond == (_checkpoint, _table))
            throw new ProjectionBeyondHeadException(Name, _checkpoint);
        _beyond = null;
        _progress.MoveTo(_checkpoint);
        OpenRows();
        (_fenced, _notServing) = (false, false);
        // It is the next that concerns the projection: all before it was applied when it was parked.
        if (standing is [var before])
            await StandAsync(before, ct);
    }

    private void OpenRows() => _rows = _projection.Open(ServingTables.TableOf(_projection.Name), RowsUse.Live);

    private async Task StepAsync(CancellationToken ct)
    {
        if (_caughtUpAt is { } at && !_progress.IsAwaited && _clock.GetElapsedTime(at) < StepEvery)
            await Task.Delay(StepEvery, _clock, ct);
        var events = await _log.ReadAfterAsync(_progress.Position, _readMax, ct);
        _log.ThrowIfForkedSince(_generation);
        if (events.Count == 0)
        {
            // Everything is applied, so whatever was wrong no longer is.
            _error = null;
            await IdleAsync(ct);
            return;
        }
        var last = events[^1].Position;
        var mine = events.FindAll(e => _events.Contains(e.Name) && !_skipped.Contains(e.Position));
        if (mine.Count > 0)
        {
            try
            {
                await WriteAsync(mine, last, null, ct);
            }
            catch (Exception fault) when (MayBeOfAnEvent(fault, ct))
            {
                await FailedAsync(events, mine, fault, ct);
                return;
            }
            (_failedAttempts, _skippedInARow) = (0, 0);
            LogMetrics.ProjectionEvents.Add(mine.Count, new KeyValuePair<string, object?>("projection", Name));
        }
        else if (_clock.GetElapsedTime(_checkpointAt) >= CheckpointEvery)
        {
            await WriteAsync([], last, null, ct);
        }
        _progress.MoveTo(last);
        _caughtUpAt = events.Count < _readMax ? _clock.GetTimestamp() : null;
        _error = null;
        _readMax = Math.Min(_readMax * 2, BatchEventsMax);
    }

    private static bool MayBeOfAnEvent(Exception fault, CancellationToken ct) =>
        !ct.IsCancellationRequested
        && !DatabaseFaults.IsUnavailable(fault)
        && fault is not (HistoryForkedException or ProjectionFencedException or TableReplacedException);

    /// <summary>
    /// Halves what is read until one event is alone with the fault; the others are applied and committed on the way.
    /// </summary>
    private async Task FailedAsync(
        List<RecordedEvent> events,
        List<RecordedEvent> mine,
        Exception fault,
        CancellationToken ct
    )
    {
        // What was folded in vain is in memory.
        OpenRows();
        LogMetrics.ProjectionFaults.Add(1, new KeyValuePair<string, object?>("projection", Name));
        _error = fault.Message;
        if (mine.Count > 1)
        {
            _readMax = Math.Max(1, events.Count / 2);
            return;
        }
        var poison = mine[0];
        _failedAttempts++;
        // A later release can read it: to park it would be this release's mistake.
        if (_failedAttempts < _retries.AttemptsMax || _log.Types.IsNewer(poison.Type))
        {
            var wait = _retries.WaitAfter(_failedAttempts);
            _logger.LogError(
                fault,
                "Projection {Projection} cannot apply event {Position} and tries again in {Wait}",
                Name,
                poison.Position,
                wait
            );
            await Task.Delay(wait, _clock, ct);
            return;
        }
        var skips = _projection.OnPoison == OnPoison.Skip && _skippedInARow < SkippedInARowMax;
        var parked = new ParkedEvent(
            poison.Position,
            skips ? ParkedState.Skipped : ParkedState.Standing,
            $"{poison.Type}: {fault.Message}",
            _failedAttempts
        );
        _failedAttempts = 0;
        LogMetrics.ProjectionParked.Add(1, new("projection", Name), new("outcome", ParkedEvents.Text(parked.State)));
        if (skips)
        {
            await WriteAsync([], poison.Position, parked, ct);
            _skippedInARow++;
            _progress.MoveTo(poison.Position);
            _logger.LogError(
                fault,
                "Projection {Projection} goes on without event {Position} after {Attempts} attempts",
                Name,
                poison.Position,
                parked.Attempts
            );
            return;
        }
        // Up to the event before it the rows are complete, whatever is read after a hand-over.
        await WriteAsync([], poison.Position - 1, parked, ct);
        _progress.MoveTo(poison.Position - 1);
        _logger.LogError(
            fault,
            "Projection {Projection} stands before event {Position} after {Attempts} attempts, until an operator lets it retry or skip it",
            Name,
            poison.Position,
            parked.Attempts
        );
        await StandAsync(parked, ct);
    }

    /// <summary>Waits before an event until an operator has decided.</summary>
    private async Task StandAsync(ParkedEvent parked, CancellationToken ct)
    {
        _error = $"it stands before event {parked.Position} until that is retried or skipped: {parked.Error}";
        while (true)
        {
            await Task.Delay(DecisionLookEvery, _clock, ct);
            await LookAsync(ct);
            await using var connection = await _database.OpenConnectionAsync(ct);
            if (
                (await ParkedEvents.FindAsync(Name, ParkedState.Standing, parked.Position - 1, 1, connection, ct)).Count
                > 0
            )
                continue;
            if (
                (await ParkedEvents.FindAsync(Name, ParkedState.Skipped, parked.Position - 1, 1, connection, ct))
                    is [var skipped]
                && skipped.Position == parked.Position
            )
            {
                _skipped.Add(parked.Position);
                _skippedInARow = 0;
            }
            return;
        }
    }

    private async Task IdleAsync(CancellationToken ct)
    {
        var next = _log.Tail.WaitAsync(_progress.Position, ct);
        if (_progress.Position != _checkpoint && !await next.EndsWithinAsync(CheckpointEvery, _clock, ct))
            await WriteAsync([], _progress.Position, null, ct);
        while (!await next.EndsWithinAsync(LookEvery, _clock, ct))
            await LookAsync(ct);
    }

    private async Task LookAsync(CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        if (await Checkpoint.FindAsync(Name, connection, ct) != _checkpoint)
            throw new ProjectionFencedException(Name, _checkpoint);
    }

    private async Task WriteAsync(List<RecordedEvent> events, long last, ParkedEvent? parked, CancellationToken ct)
    {
        await using var connection = await _database.OpenConnectionAsync(ct);
        // Opening it may be what told of a fork; the events are of the history before.
        _log.ThrowIfForkedSince(_generation);
        await using var batch = new NpgsqlBatch(connection);
        try
        {
            if (events.Count > 0)
            {
                await _rows.FoldAsync(connection, events, ct);
                _rows.AddWrites(batch);
            }
            if (parked is not null)
                batch.BatchCommands.Add(ParkedEvents.Park(Name, parked));
            batch.BatchCommands.Add(
                Checkpoint.Move(Name, _checkpoint, last, (ServingTables.TableOf(_projection.Name), _table))
            );
            await batch.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException fault) when (Checkpoint.IsElsewhere(fault))
        {
            throw new ProjectionFencedException(Name, _checkpoint);
        }
        catch (PostgresException fault)
            when (Checkpoint.IsOfAnotherTable(fault) || fault.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            throw new TableReplacedException(ServingTables.TableOf(_projection.Name));
        }
        (_checkpoint, _checkpointAt) = (last, _clock.GetTimestamp());
    }

    private async Task SaveIdleCheckpointAsync()
    {
        if (_progress.Position <= _checkpoint || _fenced || _error is not null)
            return;
        try
        {
            await WriteAsync([], _progress.Position, null, CancellationToken.None);
        }
        catch (Exception fault)
            when (fault
                    is NpgsqlException
                        or ProjectionFencedException
                        or TableReplacedException
                        or HistoryForkedException
            )
        {
            _logger.LogDebug(
                fault,
                "The checkpoint of {Projection} stays at {Position}; the events after it are of no interest to it",
                Name,
                _checkpoint
            );
        }
    }
}

/// <summary>This projection's checkpoint is not where this runner left it; nothing was written here.</summary>
public sealed class ProjectionFencedException(string projection, long position)
    : Exception(
        $"the checkpoint of projection {projection} no longer stands at {position}: another runner moved it, or the database lost its last commits; this one starts over from it"
    );

/// <summary>
/// A rebuilt table took the place of the one whose rows a runner holds; it starts over from the checkpoint, which moved
/// with the table.
/// </summary>
public sealed class TableReplacedException(string table)
    : Exception($"{table} was rebuilt, or is gone; what was held of the former rows is dropped");

/// <summary>The views show another version's rows.</summary>
internal sealed class NotServingException : Exception;

/// <summary>The rows hold events that the log no longer has, as after a restore of the log alone.</summary>
public sealed class ProjectionBeyondHeadException(string projection, long position)
    : Exception(
        $"the checkpoint of projection {projection} is {position}, and the log did not reach so far: its rows hold events that no longer exist; only a rebuild mends them"
    );
