using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;

namespace Veza.EventStore.Subscriptions;

/// <summary>
/// Gives a subscription its events in the log's order, from its checkpoint on, until it is cancelled.
/// </summary>
/// <remarks>
/// Each event is stored once: the subscription stores it in the transaction that moves the checkpoint by
/// compare-and-set. <see cref="WorkCoordinator"/> runs one runner of a name at a time; should two run, one of them
/// stores nothing. <see cref="RunAsync"/> runs on one loop; any thread may wait. A fault is in <see cref="Error"/>, and
/// it starts over from the checkpoint.
/// </remarks>
internal sealed class SubscriptionRunner(EventLog log, ISubscription subscription, TimeProvider clock, ILogger logger)
{
    private const int ReadEventsMax = 500;

    /// <summary>
    /// A checkpoint that moved past events of no interest is written at most this many events late.
    /// </summary>
    private const int CheckpointEvery = 5000;

    /// <summary>And at most this late when nothing happens.</summary>
    private static readonly TimeSpan CheckpointWithin = TimeSpan.FromSeconds(1);

    /// <summary>
    /// At the head it reads new events this often at most, as projections do: to look after each event would cost more
    /// than most events do.
    /// </summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(20);

    private readonly HashSet<string> _events = [.. subscription.Events.Select(type => log.Types.Describe(type).Name)];
    private readonly Progress _progress = new();
    private readonly CheckpointCursor _checkpoint = new(subscription.Name, clock);
    private readonly RestartBackoff _backoff = new(clock);
    private volatile string? _error;

    public string Name => subscription.Name;

    /// <summary>Why it makes no progress; null while it does.</summary>
    public string? Error => _error;

    /// <summary>Completes when everything up to <paramref name="position"/> is stored.</summary>
    public Task WaitAsync(long position, CancellationToken ct) => _progress.WaitAsync(position, ct);

    /// <summary>Runs until it is cancelled, and never throws.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        do await RunOnceAsync(ct);
        while (!ct.IsCancellationRequested && await _backoff.WaitAsync(ct));
        _error = null;
    }

    /// <summary>Stores events until a fault.</summary>
    private async Task RunOnceAsync(CancellationToken ct)
    {
        try
        {
            await WorkAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested) { }
        catch (Exception away) when (_backoff.IsUnavailable(away))
        {
            _error = away.Message;
            logger.LogWarning(
                "Subscription {Subscription} stays at {Position}, as the database does not answer ({Reason}); "
                    + "it tries again in {Wait}",
                Name,
                _checkpoint.Position,
                away.Message,
                _backoff.Wait
            );
        }
        catch (Exception fault)
        {
            _error = fault.Message;
            logger.LogError(
                fault,
                "Subscription {Subscription} stays at {Position} and starts over in {Wait}",
                Name,
                _checkpoint.Position,
                _backoff.Wait
            );
        }
    }

    private async Task WorkAsync(CancellationToken ct)
    {
        var generation = log.HistoryGeneration;
        await using (var connection = await log.ProcessorsDatabase.OpenConnectionAsync(ct))
            await _checkpoint.LoadAsync(connection, ct);
        if (_checkpoint.Position > await log.Reader.HeadAsync(ct))
            throw new SubscriptionBeyondHeadException(Name, _checkpoint.Position);
        _progress.MoveTo(_checkpoint.Position);
        await TakeParkedAsync(ct);
        _error = null;
        var read = _checkpoint.Position;
        while (true)
        {
            var events = await log.ReadAfterAsync(read, ReadEventsMax, ct);
            // Starts over from the checkpoint: what was read may be of events that are gone.
            log.ThrowIfForkedSince(generation);
            if (events.Count > 0)
                read = events[^1].Position;
            var wanted = events.Where(e => _events.Contains(e.Name)).ToList();
            if (wanted.Count > 0 || (read > _checkpoint.Position && IsLate(read)))
                await StoreAsync(wanted, read, ct);
            _progress.MoveTo(read);
            _backoff.Reset();
            if (events.Count == 0)
                await IdleAsync(read, ct);
        }
    }

    private bool IsLate(long read) =>
        read - _checkpoint.Position >= CheckpointEvery || _checkpoint.SinceMoved >= CheckpointWithin;

    private async Task IdleAsync(long read, CancellationToken ct)
    {
        await Task.Delay(ReadEvery, clock, ct);
        var more = log.Tail.WaitAsync(read, ct);
        if (read > _checkpoint.Position)
            await more.EndsWithinAsync(CheckpointWithin, clock, ct);
        else
            await more;
    }

    /// <summary>Stores what a former release had parked, when it gave the events itself.</summary>
    private async Task TakeParkedAsync(CancellationToken ct)
    {
        await using var connection = await log.ProcessorsDatabase.OpenConnectionAsync(ct);
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
            await using var connection = await log.ProcessorsDatabase.OpenConnectionAsync(ct);
            await using var move = new NpgsqlBatch(connection) { BatchCommands = { _checkpoint.MoveTo(read) } };
            if (wanted.Count == 0)
            {
                await move.ExecuteNonQueryAsync(ct);
                _checkpoint.Moved(read);
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
            throw new SubscriptionFencedException(Name, _checkpoint.Position);
        }
        _checkpoint.Moved(read);
        await subscription.StoredAsync(ct);
    }
}

/// <summary>Another runner moved this subscription's checkpoint; nothing was stored here.</summary>
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
