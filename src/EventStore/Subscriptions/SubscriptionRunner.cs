using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Events;

namespace Veza.EventStore.Subscriptions;

/// <summary>Gives a subscription its events in the log's order, from its own checkpoint on.</summary>
/// <remarks>
/// <see cref="Running.WorkCoordinator"/> sees to it that one runner of a name works at a time. Should another have
/// taken its place, it learns so when it moves its checkpoint, and what it was about to store is not stored.
/// </remarks>
internal sealed class SubscriptionRunner(EventLog log, ISubscription subscription, TimeProvider clock, ILogger logger)
{
    private const int ReadEventsMax = 500;

    /// <summary>
    /// A checkpoint that moved past events of no interest is written down at most this many events late.
    /// </summary>
    private const int CheckpointEvery = 5000;

    /// <summary>And at most this late when nothing happens.</summary>
    private static readonly TimeSpan CheckpointWithin = TimeSpan.FromSeconds(1);

    /// <summary>
    /// At the head it takes what has come since this often at most, as projections do: to look after each event would
    /// cost more than most events do.
    /// </summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan RestartMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RestartMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnavailableRetryMax = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _events = [.. subscription.Events.Select(type => log.Types.Describe(type).Name)];
    private readonly Progress _progress = new();
    private long _checkpoint;
    private volatile string? _error;

    public string Name => subscription.Name;

    /// <summary>Why it does not get on; null while it does.</summary>
    public string? Error => _error;

    /// <summary>Completes when everything up to <paramref name="position"/> is stored.</summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    /// <summary>Runs until it is cancelled, whatever happens.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var wait = RestartMin;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await WorkAsync(() => wait = RestartMin, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                _error = away.Message;
                if (wait > UnavailableRetryMax)
                    wait = UnavailableRetryMax;
                logger.LogWarning(
                    "Subscription {Subscription} stands at {Position}, as the database does not answer ({Reason}); "
                        + "it tries again in {Wait}",
                    Name,
                    _checkpoint,
                    away.Message,
                    wait
                );
            }
            catch (Exception fault)
            {
                _error = fault.Message;
                logger.LogError(
                    fault,
                    "Subscription {Subscription} stands at {Position} and starts over in {Wait}",
                    Name,
                    _checkpoint,
                    wait
                );
            }
            try
            {
                await Task.Delay(wait, clock, ct);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            wait = wait * 2 < RestartMax ? wait * 2 : RestartMax;
        }
        _error = null;
    }

    private async Task WorkAsync(Action proceeding, CancellationToken ct)
    {
        var generation = log.HistoryGeneration;
        await using (var connection = await log.RunnersDatabase.OpenConnectionAsync(ct))
            _checkpoint = await Checkpoint.LoadAsync(Name, connection, ct);
        if (_checkpoint > await log.Reader.HeadAsync(ct))
            throw new SubscriptionBeyondHeadException(Name, _checkpoint);
        _progress.MoveTo(_checkpoint);
        await TakeParkedAsync(ct);
        _error = null;
        var read = _checkpoint;
        var writtenAt = clock.GetTimestamp();
        while (true)
        {
            var events = await log.ReadAfterAsync(read, ReadEventsMax, ct);
            // Starts over from the checkpoint: what was read may be of events that are gone.
            log.ThrowIfForkedSince(generation);
            if (events.Count > 0)
                read = events[^1].Position;
            var wanted = events.Where(e => _events.Contains(e.Name)).ToList();
            var isLate = read - _checkpoint >= CheckpointEvery || clock.GetElapsedTime(writtenAt) >= CheckpointWithin;
            if (wanted.Count > 0 || (read > _checkpoint && isLate))
            {
                await StoreAsync(wanted, read, ct);
                writtenAt = clock.GetTimestamp();
            }
            _progress.MoveTo(read);
            proceeding();
            if (events.Count > 0)
                continue;
            await Task.Delay(ReadEvery, clock, ct);
            var more = log.Tail.WaitAsync(read, ct);
            if (read > _checkpoint)
                await Task.WhenAny(more, Task.Delay(CheckpointWithin, clock, ct));
            else
                await more;
            ct.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Stores what a former release had parked, when it gave the events itself.</summary>
    private async Task TakeParkedAsync(CancellationToken ct)
    {
        await using var connection = await log.RunnersDatabase.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var take = new NpgsqlCommand(
            "delete from log.parked_events where name = $1 returning position",
            connection,
            transaction
        );
        take.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Name });
        List<long> positions = [];
        await using (var rows = await take.ExecuteReaderAsync(ct))
            while (await rows.ReadAsync(ct))
                positions.Add(rows.GetInt64(0));
        List<RecordedEvent> parked = [];
        foreach (var position in positions.Order())
            parked.AddRange(await log.Reader.ReadAsync(new(position - 1, position), 1, ct));
        if (parked.Count == 0)
            return;
        await subscription.StoreAsync(parked, transaction, ct);
        await transaction.CommitAsync(ct);
        await subscription.StoredAsync(ct);
    }

    private async Task StoreAsync(List<RecordedEvent> wanted, long read, CancellationToken ct)
    {
        if (wanted.Count > 0)
            await subscription.WaitForRoomAsync(ct);
        try
        {
            await using var connection = await log.RunnersDatabase.OpenConnectionAsync(ct);
            await using var move = new NpgsqlBatch(connection)
            {
                BatchCommands = { Checkpoint.Move(Name, _checkpoint, read) },
            };
            if (wanted.Count == 0)
            {
                await move.ExecuteNonQueryAsync(ct);
                _checkpoint = read;
                return;
            }
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await subscription.StoreAsync(wanted, transaction, ct);
            move.Transaction = transaction;
            await move.ExecuteNonQueryAsync(ct);
            await transaction.CommitAsync(ct);
        }
        catch (PostgresException fault) when (Checkpoint.IsElsewhere(fault))
        {
            throw new SubscriptionFencedException(Name, _checkpoint);
        }
        _checkpoint = read;
        await subscription.StoredAsync(ct);
    }
}

/// <summary>Somebody else moved this subscription's checkpoint; nothing was stored here.</summary>
public sealed class SubscriptionFencedException(string subscription, long position)
    : Exception(
        $"the checkpoint of subscription {subscription} was moved on from {position} by another; "
            + "this runner starts over from it"
    );

/// <summary>The subscription has events that the log no longer has, as after a restore of the log alone.</summary>
public sealed class SubscriptionBeyondHeadException(string subscription, long position)
    : Exception(
        $"the checkpoint of subscription {subscription} is {position}, and the log does not reach so far: "
            + "set it back to a position from which its events are to be given again"
    );
