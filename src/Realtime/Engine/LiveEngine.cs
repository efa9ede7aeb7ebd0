using System.Globalization;
using Microsoft.Extensions.Logging;
using Veza.EventStore;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Events;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>The result of subscribing.</summary>
public abstract record SubscribeOutcome
{
    public sealed record Opened(LiveSubscription Subscription) : SubscribeOutcome;

    public sealed record Refused(LiveRefusal Refusal) : SubscribeOutcome;
}

/// <summary>
/// Follows the log once for all subscriptions of the process (fan-out). For each event it finds the subscriptions to
/// the event's topics and notes the position with them.
/// </summary>
/// <remarks>
/// It never waits for a subscription: each reads its events at the speed of its client. Any thread may call it. When
/// reading the log fails, it logs a warning and tries again after <see cref="PumpRetryAfter"/>.
/// </remarks>
public sealed class LiveEngine : IAsyncDisposable
{
    /// <summary>Events handled under one hold of the lock: well under a millisecond.</summary>
    private const int PumpEventsMax = 1000;
    private static readonly TimeSpan PumpRetryAfter = TimeSpan.FromMilliseconds(200);

    private readonly LiveItems _items;
    private readonly EventJson _writer;
    private readonly TopicAccess _access;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<Topic, HashSet<LiveSubscription>> _index = [];
    private readonly HashSet<LiveSubscription> _open = [];
    private readonly CancellationTokenSource _disposing = new();
    private readonly TaskCompletionSource _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task[] _loops = [];
    private volatile bool _stopping;
    private long _position;
    private long _sweptAt;
    private int _generation;

    public LiveEngine(
        EventLog log,
        TopicMap map,
        ItemShapes shapes,
        TopicAccess access,
        RealtimeLimits limits,
        TimeProvider clock,
        ILoggerFactory loggers
    )
    {
        Log = log;
        _access = access;
        Limits = limits;
        _clock = clock;
        _logger = loggers.CreateLogger<LiveEngine>();
        _writer = new(log.Types);
        _items = new(map, shapes, _writer);
        Index = new(log);
        Sessions = new(log, clock);
        DatabaseTurns = new(
            new(
                "catch_up_reads",
                limits.CatchUpReadsAtOnce,
                limits.CatchUpReadsPerAccount,
                limits.WaitingMax,
                limits.WaitingMax
            )
        );
        LiveMetrics.ObserveSubscriptions(() => Subscriptions);
    }

    public RealtimeLimits Limits { get; }
    internal TimeProvider Clock => _clock;
    public EventJson Json => _writer;
    public OpenSessions Sessions { get; }
    public int Subscriptions
    {
        get
        {
            lock (_gate)
                return _open.Count;
        }
    }

    internal EventLog Log { get; }
    internal TopicAccess Access => _access;
    internal TopicIndex Index { get; }
    internal FairSlots DatabaseTurns { get; }
    internal SharedBatches Batches { get; } = new();
    internal SubscriberScheduler Turns { get; } = new();

    /// <summary>Whether the process is stopping: new clients must connect to another node.</summary>
    public bool IsStopping => _stopping;

    /// <summary>Every subscription's events up to here are noted with it.</summary>
    internal long Position => Volatile.Read(ref _position);

    public void Start()
    {
        BeginAtHead();
        LiveMetrics.BeginAtZero();
        _loops = [Task.Run(PumpAsync), Task.Run(RequestPositionsAsync)];
    }

    /// <summary>
    /// Ends every subscription with the reason <c>server_stopping</c>. Waits until each client has that message, at
    /// most <see cref="RealtimeLimits.FarewellMax"/>.
    /// </summary>
    public async Task FarewellAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            if (_open.Count == 0)
                _emptied.TrySetResult();
            foreach (var subscription in _open)
                subscription.Wake();
        }
        try
        {
            await _emptied.Task.WaitAsync(Limits.FarewellMax, _clock);
        }
        catch (TimeoutException)
        {
            _logger.LogInformation(
                "{Count} live subscriptions did not take their farewell within {Limit}",
                Subscriptions,
                Limits.FarewellMax
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync();
        foreach (var loop in _loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <param name="after">The last position the client has; null begins at the head.</param>
    /// <param name="epoch">The epoch of that position; null when the client does not know it.</param>
    public async Task<SubscribeOutcome> SubscribeAsync(
        LiveCaller caller,
        IReadOnlyList<string> topics,
        long? after,
        string? epoch,
        CancellationToken ct
    )
    {
        var (subscription, refusal) = await OpenAsync(caller, topics, after, epoch, ct);
        if (subscription is not null)
            return new SubscribeOutcome.Opened(subscription);
        LiveMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", refusal!.Code));
        return new SubscribeOutcome.Refused(refusal);
    }

    /// <summary>The number of this process's subscriptions to a broadcast.</summary>
    public int FollowersOf(Guid broadcastId)
    {
        lock (_gate)
            return _index.TryGetValue(Topic.Broadcast(broadcastId), out var followers) ? followers.Count : 0;
    }

    /// <summary>Up to <paramref name="max"/> accounts that follow a broadcast here, without duplicates.</summary>
    public IReadOnlyList<Guid> AccountsAmongFollowersOf(Guid broadcastId, int max)
    {
        lock (_gate)
        {
            if (!_index.TryGetValue(Topic.Broadcast(broadcastId), out var followers))
                return [];
            return [.. followers.Select(follower => follower.AccountId).Distinct().Take(max)];
        }
    }

    /// <summary>Sends a broadcast's level to its followers here; it replaces a level they have not read yet.</summary>
    public void Publish(LiveMessage.BroadcastLevel level)
    {
        lock (_gate)
        {
            if (!_index.TryGetValue(Topic.Broadcast(level.BroadcastId), out var followers))
                return;
            foreach (var follower in followers)
                follower.SetLevel(level);
        }
    }

    internal LiveItem ItemOf(RecordedEvent e) => _items.Of(e);

    /// <returns>The position after which the engine notes the topics' events.</returns>
    internal long Register(LiveSubscription subscription, IEnumerable<Topic> topics)
    {
        lock (_gate)
        {
            _open.Add(subscription);
            foreach (var topic in topics)
                Add(topic, subscription);
            return _position;
        }
    }

    internal void RemoveTopics(LiveSubscription subscription, IEnumerable<Topic> topics)
    {
        lock (_gate)
            foreach (var topic in topics)
                Remove(topic, subscription);
    }

    internal void Unregister(LiveSubscription subscription, IEnumerable<Topic> topics)
    {
        lock (_gate)
        {
            foreach (var topic in topics)
                Remove(topic, subscription);
            _open.Remove(subscription);
            if (_stopping && _open.Count == 0)
                _emptied.TrySetResult();
        }
    }

    private async Task<(LiveSubscription?, LiveRefusal?)> OpenAsync(
        LiveCaller caller,
        IReadOnlyList<string> names,
        long? after,
        string? epoch,
        CancellationToken ct
    )
    {
        if (_stopping)
            return (null, LiveRefusal.Stopping);
        if (names.Count == 0)
            return (null, LiveRefusal.TopicsMissing);
        if (names.Count > Limits.TopicsPerSubscriptionMax)
            return (null, LiveRefusal.TooManyTopics(names.Count, Limits.TopicsPerSubscriptionMax));
        var topics = new HashSet<Topic>(names.Count);
        var asked = new List<Topic>(names.Count);
        foreach (var name in names)
        {
            if (!Topic.TryParse(name, out var topic))
                return (null, LiveRefusal.TopicInvalid(name));
            if (topics.Add(topic))
                asked.Add(topic);
        }

        var current = Log.Epoch;
        if (after < 0)
            return (null, LiveRefusal.PositionInvalid(after.Value.ToString(CultureInfo.InvariantCulture)));
        // Positions of two epochs cannot be compared; the subscription sends epochChanged.
        if (epoch is null || epoch == current)
        {
            // The client may come from a node that is ahead of this one.
            if (after > Log.Head)
                await Log.CatchUpAsync(ct);
            if (after > Log.Head)
                return (null, LiveRefusal.PositionAhead(after.Value, Log.Head));
        }
        var from = after ?? Log.Head;
        var (access, refusal) = await _access.CheckAsync(caller, asked, from, ct);
        return access is null ? (null, refusal) : (new(this, caller, topics, access, from, epoch ?? current), null);
    }

    private async Task PumpAsync()
    {
        while (!_disposing.IsCancellationRequested)
        {
            try
            {
                await Log.Tail.WaitAsync(_position, _disposing.Token);
                var events = await Log.ReadAfterAsync(_position, PumpEventsMax, _disposing.Token);
                if (Log.HistoryGeneration != _generation)
                {
                    BeginAtHead();
                    continue;
                }
                if (events.Count > 0)
                    FanOut(events);
            }
            catch (Exception fault) when (!_disposing.IsCancellationRequested)
            {
                _logger.LogWarning(
                    "Following the log for live topics failed and is tried again: {Reason}",
                    fault.Message
                );
                await Task.Delay(PumpRetryAfter, _clock);
            }
        }
    }

    // Also after a failover: each subscription then sends epochChanged and ends.
    private void BeginAtHead()
    {
        lock (_gate)
        {
            _generation = Log.HistoryGeneration;
            Volatile.Write(ref _position, Log.Head);
            RequestPositions();
        }
    }

    private void FanOut(List<RecordedEvent> events)
    {
        // Outside the lock: finding an event's topics may parse its JSON.
        foreach (var e in events)
            ItemOf(e);
        lock (_gate)
        {
            foreach (var e in events)
            {
                Note(Topic.Log, e.Position);
                foreach (var topic in ItemOf(e).Topics)
                    Note(topic, e.Position);
            }
            Volatile.Write(ref _position, events[^1].Position);
            if (_position - _sweptAt >= Limits.MovedAfterEvents)
                RequestPositions();
        }
    }

    private void Note(Topic topic, long position)
    {
        if (!_index.TryGetValue(topic, out var subscribed))
            return;
        foreach (var subscription in subscribed)
            subscription.Note(position);
    }

    private async Task RequestPositionsAsync()
    {
        using var timer = new PeriodicTimer(Limits.MovedEvery, _clock);
        var epoch = Log.Epoch;
        while (await timer.WaitForNextTickAsync(_disposing.Token))
        {
            lock (_gate)
                if (_sweptAt < _position || epoch != Log.Epoch)
                    RequestPositions();
            epoch = Log.Epoch;
        }
    }

    private void RequestPositions()
    {
        _sweptAt = _position;
        foreach (var subscription in _open)
            subscription.RequestPosition();
    }

    private void Add(Topic topic, LiveSubscription subscription)
    {
        if (!_index.TryGetValue(topic, out var subscribed))
            _index.Add(topic, subscribed = []);
        subscribed.Add(subscription);
    }

    private void Remove(Topic topic, LiveSubscription subscription)
    {
        if (_index.TryGetValue(topic, out var subscribed) && subscribed.Remove(subscription) && subscribed.Count == 0)
            _index.Remove(topic);
    }
}
