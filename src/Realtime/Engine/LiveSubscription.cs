using System.Runtime.CompilerServices;
using Veza.Domain.Accounts;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// One client's subscription: it reads the log at the client's speed and hands out batches of what concerns the client.
/// </summary>
/// <remarks>
/// It holds no queue. The engine notes the first event of the subscription, and the reader fetches the events from
/// there on, one page at a time. So a slow client costs one page, and batches neither lack nor repeat an event.
/// <see cref="ReadAsync"/> is enumerated once; the engine calls the other members from its threads. A fault of the
/// database ends the enumeration with its exception; the client resumes from its last position.
/// </remarks>
public sealed class LiveSubscription
{
    private static readonly IReadOnlyList<LiveItem> NoItems = [];

    /// <summary>
    /// Capacity for events that a waiting subscription keeps. Catching up needs more, but most subscriptions wait most
    /// of the time.
    /// </summary>
    private const int IdleCapacityMax = 16;

    private readonly LiveEngine _engine;
    private readonly LiveCaller _caller;
    private readonly SubscriptionCursor _cursor;
    private readonly SubscriptionTopics _topics;
    private readonly SubscriptionReader _reader;
    private readonly ReusableSignal _wake;
    private int _positionRequested;

    // Null for most subscriptions: they follow no broadcast that is on air.
    private NewestLevels? _levels;

    internal LiveSubscription(
        LiveEngine engine,
        LiveCaller caller,
        HashSet<Topic> topics,
        Access access,
        long after,
        string epoch
    )
    {
        _engine = engine;
        _caller = caller;
        _cursor = new(after);
        _topics = new(this, engine, _cursor, caller, topics, access);
        _reader = new(engine, _cursor, _topics, caller.AccountId, epoch);
        _wake = new(engine.Turns);
    }

    internal Guid AccountId => _caller.AccountId;

    /// <summary>The messages for the client, in order. Each is made when the enumeration asks for it.</summary>
    public async IAsyncEnumerable<LiveMessage> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        using var session = await _engine.Sessions.TryOpenAsync(_caller, ct);
        if (session is null)
        {
            yield return Close("session_ended");
            yield break;
        }
        var events = new List<RecordedEvent>();
        var sent = _cursor.Position;
        var greeted = false;
        _cursor.ScanAtLeastTo(_engine.Register(this, _topics.All));
        try
        {
            using var cancelled = ct.UnsafeRegister(static me => ((LiveSubscription)me!).Wake(), this);
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                if (LastMessage(session) is { } last)
                {
                    yield return last;
                    yield break;
                }
                if (_cursor.IsCaughtUp)
                    _cursor.LookForMore(_engine);
                if (_cursor.Behind > _engine.Limits.CatchUpEventsMax)
                {
                    LiveMetrics.FellBehind.Add(1);
                    yield return new LiveMessage.FellBehind(_reader.Epoch, _engine.Log.Head);
                    yield break;
                }

                var readTo = await _reader.ReadAsync(events, ct);
                if (_reader.IsOver)
                {
                    events.Clear();
                    continue;
                }
                var items = Take(events, readTo, out var bytes);
                Release(ref events);
                await _topics.OpenJoinedAsync(ct);
                var caughtUp = _cursor.IsCaughtUp;
                var positionDue = caughtUp && (!greeted || WasPositionRequested() && _cursor.Position > sent);
                if (items.Count > 0 || positionDue || _topics.HasNotice || HasMovedFar(sent))
                {
                    greeted = true;
                    LiveMetrics.Batches.Add(1);
                    LiveMetrics.Items.Add(items.Count);
                    var started = _engine.Clock.GetUtcNow();
                    yield return _engine.Batches.Make(_reader.Epoch, sent, _cursor.Position, items, bytes);
                    sent = _cursor.Position;
                    // The client's transport has the batch: only then it asks for more.
                    if (CommandTraces.AreCollected)
                        CommandTraces.Add(
                            "push",
                            started,
                            items.Select(item => item.TakeFirstPush()).OfType<RecordedEvent>()
                        );
                }
                if (_topics.HasNotice)
                    while (_topics.TakeNotice() is { } notice)
                    {
                        yield return notice;
                        if (notice is LiveMessage.Closed)
                            yield break;
                    }
                else if (Volatile.Read(ref _levels)?.Take() is { } level)
                {
                    LiveMetrics.Levels.Add(1);
                    yield return level;
                }
                else if (caughtUp)
                    await WaitAsync(ct);
            }
        }
        finally
        {
            _engine.Unregister(this, _topics.All);
        }
    }

    /// <summary>Called with the position of an event on one of the subscription's topics.</summary>
    internal void Note(long position)
    {
        if (_cursor.Note(position))
            Wake();
    }

    /// <summary>Makes the reader send its position, even if no event concerned the client.</summary>
    internal void RequestPosition()
    {
        Interlocked.Exchange(ref _positionRequested, 1);
        Wake();
    }

    /// <summary>Called under the engine's lock, so that only one <see cref="NewestLevels"/> is created.</summary>
    internal void SetLevel(LiveMessage.BroadcastLevel level)
    {
        var levels = _levels;
        if (levels is null)
            Volatile.Write(ref _levels, levels = new());
        levels.Put(level);
        Wake();
    }

    internal void Wake() => _wake.Set();

    internal static LiveMessage.Closed Close(string reason)
    {
        LiveMetrics.Closed.Add(1, new KeyValuePair<string, object?>("reason", reason));
        return new(reason);
    }

    private static void Release(ref List<RecordedEvent> events)
    {
        if (events.Capacity > IdleCapacityMax)
            events = [];
        else
            events.Clear();
    }

    private bool WasPositionRequested() => Interlocked.Exchange(ref _positionRequested, 0) == 1;

    private bool HasMovedFar(long sent) => _cursor.Position - sent >= _engine.Limits.MovedAfterEvents;

    private LiveMessage? LastMessage(LiveSession session)
    {
        if (_engine.IsStopping)
            return Close("server_stopping");
        // A reader no more than a page behind reads up to the event that ends the session.
        if (session.EndedAt - _cursor.Position > _engine.Limits.BatchItemsMax)
            return Close("session_ended");
        // An API key expires without an event.
        if (session.EndedAt is null && session.HasEnded)
            return Close("session_ended");
        return _reader.IsOver ? new LiveMessage.EpochChanged(_engine.Log.Epoch, _engine.Log.Head) : null;
    }

    /// <summary>Moves the cursor over the events, as far as one batch goes, and collects the client's items.</summary>
    /// <param name="readTo">The cursor's position once all events are taken.</param>
    /// <param name="bytes">The size of the items' JSON.</param>
    private IReadOnlyList<LiveItem> Take(List<RecordedEvent> events, long readTo, out int bytes)
    {
        List<LiveItem>? items = null;
        bytes = 0;
        foreach (var e in events)
        {
            var item = _engine.ItemOf(e);
            var (concerns, access) = _topics.Match(item, e);
            if (access && e.Data is SessionEnded ended && ended.SessionId == _caller.SessionId)
            {
                _cursor.MoveTo(e.Position);
                _topics.Close("session_ended");
                return items ?? NoItems;
            }
            if (concerns)
            {
                if (items is not null && bytes + item.Json.Length > _engine.Limits.BatchBytesMax)
                    return items;
                bytes += item.Json.Length;
                (items ??= []).Add(item);
            }
            _cursor.MoveTo(e.Position);
            // After a change of topics, the page may lack the next events of a new one.
            if (access && (_topics.Change(e) || _topics.HasNotice))
                return items ?? NoItems;
        }
        _cursor.MoveTo(readTo);
        return items ?? NoItems;
    }

    private ValueTask WaitAsync(CancellationToken ct)
    {
        // A full fence: a later note ends this wait, and an earlier one is seen here.
        var wait = _wake.Begin();
        if (
            _cursor.IsNoted
            || Volatile.Read(ref _positionRequested) == 1
            || Volatile.Read(ref _levels) is { Any: true }
            || _engine.IsStopping
            || ct.IsCancellationRequested
        )
            _wake.Set();
        return wait;
    }
}
