using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Reactions;

public enum ReactionState { Starting, Running, Standby, Faulted }

/// <param name="Position">Everything at or below it is done, or parked.</param>
/// <param name="Parked">Events given up so far.</param>
public sealed record ReactionStatus(string Name, ReactionState State, long Position, long Lag, long Parked, string? Error);

/// <summary>
/// Gives a reaction its events, from its own checkpoint on. Several are worked on at once; the checkpoint moves up to the oldest that is not finished,
/// so that a restart takes up all that was under way.
/// </summary>
/// <remarks>
/// One runner of a name works at a time, over all nodes: it holds an advisory lock on the connection that it writes its checkpoint with, so that losing
/// the one is losing the other. The rest stand by. A runner cut off from the database learns so at its next write; what it did until then is done again.
/// </remarks>
public sealed class ReactionRunner
{
    /// <summary>A checkpoint that moved past events of no interest is written down at most this many events late.</summary>
    private const int CheckpointEvery = 5000;
    private const int ReadEventsMax = 500;
    /// <summary>Events begun and not finished: one that waits for its next attempt lets so many others go ahead, which a restart gives again.</summary>
    private const int UnfinishedMax = 128;
    private const int ErrorCharsMax = 2000;
    private static readonly TimeSpan RestartMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RestartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnavailableRetryMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StandbyLook = TimeSpan.FromSeconds(2);

    private readonly EventLog _log;
    private readonly IReaction _reaction;
    private readonly ReactionRetries _retries;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly HashSet<string> _events;
    private readonly SortedDictionary<long, Task<string?>> _underWay = [];
    private readonly Progress _progress = new();
    private long _checkpoint;
    private long _parked;
    private volatile string? _error;
    private volatile ReactionState _state;

    public ReactionRunner(EventLog log, IReaction reaction, ReactionRetries retries, TimeProvider clock, ILogger logger)
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
                await using var connection = await _log.Database.OpenConnectionAsync(ct);
                if (await TryOwnAsync(connection, ct))
                {
                    await WorkAsync(connection, () => wait = RestartMin, ct);
                    break;
                }
                (_state, wait) = (ReactionState.Standby, StandbyLook);
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
    }

    private async Task<bool> TryOwnAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        // Given back when the connection returns to its pool, which discards what the session held.
        await using var own = new NpgsqlCommand("select pg_try_advisory_lock(7310574, hashtext($1))", connection);
        own.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
        return (bool)(await own.ExecuteScalarAsync(ct))!;
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
        var read = _checkpoint;
        try
        {
            while (true)
            {
                var events = await _log.ReadAfterAsync(read, ReadEventsMax, ct);
                // Starts over from the checkpoint: what was read, and what is under way, may be of events that are gone.
                _log.ThrowIfForkedSince(forks);
                foreach (var e in events)
                {
                    if (_events.Contains(e.Name))
                    {
                        while (_underWay.Count >= UnfinishedMax) await SettleAsync(connection, read, Task.WhenAny(_underWay.Values), ct);
                        // Taken here and not by the event's own task, so that events are begun in order.
                        var place = places.WaitAsync(holding.Token);
                        while (!place.IsCompleted) await SettleAsync(connection, read, Task.WhenAny([place, .. _underWay.Values]), ct);
                        await place;
                        _underWay.Add(e.Position, Task.Run(() => ReactAsync(e, places, holding.Token), CancellationToken.None));
                    }
                    read = e.Position;
                }
                proceeding();
                var next = events.Count > 0 ? Task.CompletedTask : _log.Tail.WaitAsync(read, ct);
                await SettleAsync(connection, read, Task.WhenAny([next, .. _underWay.Values]), ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            await EndAsync();
            await SettleAsync(connection, read, Task.CompletedTask, CancellationToken.None, stopping: true);
        }
        finally
        {
            await holding.CancelAsync();
            await EndAsync();
            _underWay.Clear();
        }

        async Task EndAsync()
        {
            foreach (Task one in _underWay.Values) await one.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        _checkpoint = await Checkpoint.LoadAsync(Name, connection, null, ct);
        await using var parked = new NpgsqlCommand("select count(*) from log.parked_events where name = $1", connection);
        parked.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
        Volatile.Write(ref _parked, (long)(await parked.ExecuteScalarAsync(ct))!);
        _progress.MoveTo(_checkpoint);
    }

    /// <summary>Waits until something happened, then takes note of what has finished and moves the checkpoint as far as it may go.</summary>
    private async Task SettleAsync(NpgsqlConnection connection, long read, Task happened, CancellationToken ct, bool stopping = false)
    {
        await happened.WaitAsync(ct);
        ct.ThrowIfCancellationRequested();
        var finished = _underWay.Where(w => w.Value.IsCompletedSuccessfully).ToList();
        var done = _underWay.Except(finished).Select(w => w.Key - 1).DefaultIfEmpty(read).First();
        var write = done > _checkpoint && (finished.Count > 0 || stopping || done - _checkpoint >= CheckpointEvery);
        if (write || finished.Exists(f => f.Value.Result is not null))
            await SaveAsync(connection, done, [.. finished.Where(f => f.Value.Result is not null).Select(f => (f.Key, f.Value.Result!))]);
        foreach (var (position, _) in finished) _underWay.Remove(position);
        _progress.MoveTo(done);
    }

    // Not cancelled half-way: whether the checkpoint moved must be known.
    private async Task SaveAsync(NpgsqlConnection connection, long done, List<(long Position, string Error)> parked)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var (position, error) in parked)
        {
            await using var park = new NpgsqlCommand("""
                insert into log.parked_events (name, position, error, at) values ($1, $2, $3, $4)
                on conflict (name, position) do update set error = excluded.error, at = excluded.at
                """, connection, transaction);
            park.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
            park.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
            park.Parameters.Add(new NpgsqlParameter<string> { TypedValue = error });
            park.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = _clock.GetUtcNow() });
            await park.ExecuteNonQueryAsync();
        }
        if (!await Checkpoint.TryMoveAsync(Name, _checkpoint, done, connection, transaction, CancellationToken.None)) throw new ReactionFencedException(Name, _checkpoint);
        await transaction.CommitAsync();
        _checkpoint = done;
        Interlocked.Add(ref _parked, parked.Count);
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
                if (attempt >= _retries.AttemptsMax)
                {
                    _logger.LogError(fault, "Reaction {Reaction} parks event {Position} after {Attempts} attempts", Name, e.Position, attempt);
                    LogMetrics.ReactionEvents.Add(1, new("reaction", Name), new("outcome", "parked"));
                    return fault.Message.Length > ErrorCharsMax ? fault.Message[..ErrorCharsMax] : fault.Message;
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
