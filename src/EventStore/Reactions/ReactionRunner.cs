using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Running;

namespace Veza.EventStore.Reactions;

public enum ReactionState { Standby, Running, Faulted }

/// <param name="Position">Everything at or below it is done, or parked.</param>
/// <param name="Parked">Events given up, and neither retried since nor dismissed.</param>
public sealed record ReactionStatus(string Name, ReactionState State, long Position, long Lag, long Parked, string? Error);

/// <summary>
/// Gives a reaction its events, from its own checkpoint on. Several are worked on at once; the checkpoint moves up to the oldest that is not finished,
/// so that a restart takes up all that was under way.
/// </summary>
/// <remarks>
/// <see cref="Owners"/> sees to it that one runner of a name works at a time. Should another have taken its place, it learns so when it moves its checkpoint;
/// what it did until then is done again.
/// </remarks>
public sealed class ReactionRunner
{
    /// <summary>A checkpoint that moved past events of no interest is written down at most this many events late.</summary>
    private const int CheckpointEvery = 5000;
    private const int ReadEventsMax = 500;
    /// <summary>Events begun and not finished: one that waits for its next attempt lets so many others go ahead, which a restart gives again.</summary>
    /// <remarks>A reaction that works on more at once may have as many.</remarks>
    private const int UnfinishedMax = 128;
    /// <summary>Parked events that are given again at the same time as others.</summary>
    private const int AgainMax = 16;
    /// <summary>At the head it takes what has come since this often at most, as projections do: to look after each event would cost more than most events do.</summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RestartMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RestartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnavailableRetryMax = TimeSpan.FromSeconds(1);
    /// <summary>How soon parked events that an operator retries are begun, and how late at most a checkpoint is written when nothing happens.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly EventLog _log;
    private readonly IReaction _reaction;
    private readonly Retries _retries;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HashSet<string> _events;
    private readonly SortedDictionary<long, Task<string?>> _underWay = [];
    private readonly Dictionary<long, Task<string?>> _again = [];
    private readonly Progress _progress = new();
    private long _checkpoint;
    private long _parked;
    private volatile string? _error;
    private volatile ReactionState _state;

    public ReactionRunner(EventLog log, IReaction reaction, Retries retries, TimeProvider clock, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(reaction.ConcurrencyMax, 1);
        (_log, _reaction, _retries, _clock, _logger) = (log, reaction, retries, clock, logger);
        _events = [.. reaction.Events.Select(t => log.Types.Describe(t).Name)];
    }

    public string Name => _reaction.Name;

    public ReactionStatus Status
    {
        get
        {
            var position = _progress.Position;
            return new(Name, _state, position, Math.Max(0, _log.Head - position), Volatile.Read(ref _parked), _error);
        }
    }

    /// <summary>Completes when everything up to <paramref name="position"/> is done or parked.</summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    public async Task RunAsync(CancellationToken ct)
    {
        var wait = RestartMin;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _log.RunnersDatabase.OpenConnectionAsync(ct);
                await WorkAsync(connection, () => wait = RestartMin, ct);
                break;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested) { break; }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                (_state, _error) = (ReactionState.Faulted, away.Message);
                if (wait > UnavailableRetryMax) wait = UnavailableRetryMax;
                _logger.LogWarning("Reaction {Reaction} stands at {Position}, as the database does not answer ({Reason}); it tries again in {Wait}", Name, _checkpoint, away.Message, wait);
            }
            catch (Exception fault)
            {
                (_state, _error) = (ReactionState.Faulted, fault.Message);
                _logger.LogError(fault, "Reaction {Reaction} stands at {Position} and starts over in {Wait}", Name, _checkpoint, wait);
            }
            try { await Task.Delay(wait, _clock, ct); }
            catch (OperationCanceledException) { break; }
            wait = wait * 2 < RestartMax ? wait * 2 : RestartMax;
        }
        (_state, _error) = (ReactionState.Standby, null);
    }

    /// <summary>Returns when it is cancelled, with its checkpoint written; whatever else ends it is thrown.</summary>
    private async Task WorkAsync(NpgsqlConnection connection, Action proceeding, CancellationToken ct)
    {
        var forks = _log.Forks;
        await LoadAsync(connection, ct);
        if (_checkpoint > await _log.Reader.HeadAsync(ct)) throw new ReactionBeyondHeadException(Name, _checkpoint);
        (_state, _error) = (ReactionState.Running, null);
        // What is under way ends with this runner's hold on the reaction, also when it is a fault that ends it.
        using var holding = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var places = new SemaphoreSlim(_reaction.ConcurrencyMax);
        var unfinishedMax = Math.Max(UnfinishedMax, _reaction.ConcurrencyMax);
        var read = _checkpoint;
        var look = Task.CompletedTask;
        try
        {
            while (true)
            {
                if (look.IsCompleted)
                {
                    await LookAsync(connection, places, holding.Token, ct);
                    look = Task.Delay(LookEvery, _clock, holding.Token);
                }
                var events = await _log.ReadAfterAsync(read, ReadEventsMax, ct);
                // Starts over from the checkpoint: what was read, and what is under way, may be of events that are gone.
                _log.ThrowIfForkedSince(forks);
                foreach (var e in events)
                {
                    if (_events.Contains(e.Name))
                    {
                        while (_underWay.Count >= unfinishedMax) await SettleAsync(connection, read, Task.WhenAny(_underWay.Values), ct);
                        // Taken here and not by the event's own task, so that events are begun in order.
                        var place = places.WaitAsync(holding.Token);
                        while (!place.IsCompleted) await SettleAsync(connection, read, Task.WhenAny([place, .. _underWay.Values]), ct);
                        await place;
                        _underWay.Add(e.Position, Task.Run(() => ReactAsync(e, places, holding.Token), CancellationToken.None));
                    }
                    read = e.Position;
                }
                proceeding();
                var next = events.Count > 0 ? Task.CompletedTask : MoreAsync();
                await SettleAsync(connection, read, Task.WhenAny([next, look, .. _underWay.Values, .. _again.Values]), ct, evenIfIdle: () => look.IsCompleted);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await EndAsync();
            await SettleAsync(connection, read, Task.CompletedTask, CancellationToken.None, evenIfIdle: () => true);
        }
        finally
        {
            await holding.CancelAsync();
            await EndAsync();
            _underWay.Clear();
            _again.Clear();
        }

        async Task MoreAsync()
        {
            await Task.Delay(ReadEvery, _clock, ct);
            await _log.Tail.WaitAsync(read, ct);
        }

        async Task EndAsync()
        {
            foreach (Task one in _underWay.Values.Concat(_again.Values)) await one.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        _checkpoint = await Checkpoint.LoadAsync(Name, connection, ct);
        Volatile.Write(ref _parked, await ParkedEvents.CountAsync(Name, connection, ct));
        _progress.MoveTo(_checkpoint);
    }

    /// <summary>Begins the parked events that an operator wants given again. They are beside the checkpoint, which is past them.</summary>
    private async Task LookAsync(NpgsqlConnection connection, SemaphoreSlim places, CancellationToken holding, CancellationToken ct)
    {
        if (Volatile.Read(ref _parked) == 0) return;
        Volatile.Write(ref _parked, await ParkedEvents.CountAsync(Name, connection, ct));
        foreach (var parked in await ParkedEvents.FindAsync(Name, ParkedState.Again, after: 0, AgainMax, connection, ct))
        {
            if (_again.Count >= AgainMax || _again.ContainsKey(parked.Position)) continue;
            if (await _log.Reader.ReadAsync(parked.Position - 1, parked.Position, 1, only: null, stream: null, ct) is not [var e]) continue;
            _again.Add(e.Position, Task.Run(async () =>
            {
                await places.WaitAsync(holding);
                return await ReactAsync(e, places, holding);
            }, CancellationToken.None));
        }
    }

    /// <summary>Waits until something happened, then takes note of what has finished and moves the checkpoint as far as it may go.</summary>
    private async Task SettleAsync(NpgsqlConnection connection, long read, Task happened, CancellationToken ct, Func<bool>? evenIfIdle = null)
    {
        await happened.WaitAsync(ct);
        ct.ThrowIfCancellationRequested();
        var finished = _underWay.Where(w => w.Value.IsCompletedSuccessfully).ToList();
        var given = _again.Where(a => a.Value.IsCompletedSuccessfully).ToList();
        var done = _underWay.Except(finished).Select(w => w.Key - 1).DefaultIfEmpty(read).First();
        var write = done > _checkpoint && (finished.Count > 0 || evenIfIdle?.Invoke() == true || done - _checkpoint >= CheckpointEvery);
        if (write || given.Count > 0 || finished.Exists(f => f.Value.Result is not null))
            await SaveAsync(connection, done, [.. finished.Where(f => f.Value.Result is not null), .. given]);
        foreach (var (position, _) in finished) _underWay.Remove(position);
        foreach (var (position, _) in given) _again.Remove(position);
        _progress.MoveTo(done);
    }

    // Not cancelled half-way: whether the checkpoint moved must be known.
    private async Task SaveAsync(NpgsqlConnection connection, long done, List<KeyValuePair<long, Task<string?>>> ended)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (position, outcome) in ended)
            batch.BatchCommands.Add(outcome.Result is { } error
                ? ParkedEvents.Park(Name, new(position, ParkedState.Skipped, error, _retries.AttemptsMax))
                : ParkedEvents.Forget(Name, position));
        batch.BatchCommands.Add(Checkpoint.Move(Name, _checkpoint, done));
        try { await batch.ExecuteNonQueryAsync(); }
        catch (PostgresException fault) when (Checkpoint.IsElsewhere(fault)) { throw new ReactionFencedException(Name, _checkpoint); }
        _checkpoint = done;
        if (ended.Count > 0) Volatile.Write(ref _parked, await ParkedEvents.CountAsync(Name, connection, CancellationToken.None));
    }

    private async Task GiveUpAsync(RecordedEvent e, Exception fault)
    {
        try { await _reaction.GaveUpAsync(e, fault); }
        catch (Exception again)
        {
            _logger.LogError(again, "Reaction {Reaction} could not say that it gave up event {Position}", Name, e.Position);
        }
    }

    /// <param name="places">One is held at the start; it is given back while the event waits for its next attempt.</param>
    /// <returns>Null when the event is done; otherwise why it is to be parked.</returns>
    private async Task<string?> ReactAsync(RecordedEvent e, SemaphoreSlim places, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _reaction.ReactAsync(e, ct);
                LogMetrics.ReactionEvents.Add(1, new("reaction", Name), new("outcome", "done"));
                return null;
            }
            catch (Exception fault) when (!ct.IsCancellationRequested)
            {
                LogMetrics.ReactionFaults.Add(1, new KeyValuePair<string, object?>("reaction", Name));
                // None is the event's fault: the database comes back, its disk is freed, and a later release can read it.
                var comesBack = (fault is NpgsqlException && DatabaseFaults.IsUnavailable(fault)) || _log.Disk is { IsFull: true };
                if (comesBack || _log.Types.IsNewer(e.Type))
                    attempt = Math.Min(attempt, _retries.AttemptsMax - 1);
                if (attempt >= _retries.AttemptsMax || fault is ReactionGivesUpException)
                {
                    _logger.LogError(fault, "Reaction {Reaction} parks event {Position} after {Attempts} attempts", Name, e.Position, attempt);
                    LogMetrics.ReactionEvents.Add(1, new("reaction", Name), new("outcome", "parked"));
                    await GiveUpAsync(e, fault);
                    return fault.Message;
                }
                _logger.LogWarning("Reaction {Reaction} failed at event {Position}, attempt {Attempt}: {Reason}", Name, e.Position, attempt, fault.Message);
            }
            finally
            {
                places.Release();
            }
            await Task.Delay(_retries.WaitAfter(attempt), _clock, ct);
            await places.WaitAsync(ct);
        }
    }
}

/// <summary>Somebody else moved this reaction's checkpoint; nothing was written here.</summary>
public sealed class ReactionFencedException(string reaction, long position)
    : Exception($"the checkpoint of reaction {reaction} was moved on from {position} by another; this runner starts over from it");

/// <summary>The reaction is done with events that the log no longer has, as after a restore of the log alone.</summary>
public sealed class ReactionBeyondHeadException(string reaction, long position)
    : Exception($"the checkpoint of reaction {reaction} is {position}, and the log does not reach so far: set it back to a position from which its events are to be given again");
