using System.Runtime.CompilerServices;
using Veza.Domain.Accounts;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Events;
using Veza.Realtime.Live.Broadcasts;

namespace Veza.Realtime;

/// <summary>
/// One cursor over the log, pulled at its client's speed. It holds no queue: the engine tells it the first position
/// that concerns it, and the events from there on are read from the tail, or from the database when the tail no longer
/// holds them, one page at a time.
/// </summary>
public sealed class LiveSubscription
{
    private const long Nothing = 0;
    private static readonly IReadOnlyList<LiveItem> NoItems = [];

    /// <summary>
    /// Events that a subscription keeps room for while it waits; a page of catching up had more, and most subscriptions
    /// wait most of the time.
    /// </summary>
    private const int RoomMax = 16;

    private readonly LiveEngine _engine;
    private readonly LiveCaller _caller;
    private readonly Access _access;
    private readonly HashSet<Topic> _topics;
    private readonly string _epoch;
    private readonly int _generation;
    private readonly bool _wholeLog;

    // The reader's own.
    private long _cursor;
    private long _scanTo;
    private long _askIndexFrom;
    private LiveMessage? _told;
    private Guid? _joined;

    // Shared with the engine.
    private long _noted = Nothing;
    private int _mustTellPosition;

    // Most subscriptions follow no broadcast that is on.
    private NewestLevels? _levels;
    private readonly ReusableSignal _wake;

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
        _topics = topics;
        _access = access;
        _cursor = after;
        _epoch = epoch;
        _wake = new(engine.Turns);
        _generation = engine.Log.HistoryGeneration;
        _wholeLog = topics.Contains(Topic.Log);
        _topics.Add(Topic.Access(caller.AccountId));
        if (access.Mine is not null)
            _topics.UnionWith(access.Mine.Topics);
        if (access.Followees is null)
            return;
        _topics.Add(Topic.Private(caller.AccountId));
        foreach (var followee in access.Followees)
            _topics.Add(Topic.Activity(followee));
    }

    internal Guid AccountId => _caller.AccountId;

    /// <summary>
    /// What the client is to be told, in order. To be enumerated once; the next message is made when it is asked for.
    /// </summary>
    public async IAsyncEnumerable<LiveMessage> ReadAsync([EnumeratorCancellation] CancellationToken ct)
    {
        using var session = await _engine.Sessions.TryOpenAsync(_caller, ct);
        if (session is null)
        {
            yield return Close("session_ended");
            yield break;
        }
        var events = new List<RecordedEvent>();
        var sent = _cursor;
        var greeted = false;
        _scanTo = _engine.Register(this, _topics);
        try
        {
            using var cancelled = ct.UnsafeRegister(static me => ((LiveSubscription)me!).Wake(), this);
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                if (Farewell(session) is { } last)
                {
                    yield return last;
                    yield break;
                }
                if (_cursor >= _scanTo)
                    LookForMore();
                if (_scanTo - _cursor > _engine.Limits.CatchUpEventsMax)
                {
                    LiveMetrics.FellBehind.Add(1);
                    yield return new LiveMessage.FellBehind(_epoch, _engine.Log.Head);
                    yield break;
                }

                var readTo = await ReadPageAsync(events, ct);
                if (IsOver)
                {
                    events.Clear();
                    continue;
                }
                var items = Take(events, readTo, out var bytes);
                Forget(ref events);
                if (_joined is { } community)
                    await FollowAsync(community, ct);
                var caughtUp = _cursor >= _scanTo;
                var mustTell =
                    caughtUp && (!greeted || Interlocked.Exchange(ref _mustTellPosition, 0) == 1 && _cursor > sent);
                if (
                    items.Count > 0
                    || mustTell
                    || _told is not null
                    || _cursor - sent >= _engine.Limits.MovedAfterEvents
                )
                {
                    greeted = true;
                    LiveMetrics.Batches.Add(1);
                    LiveMetrics.Items.Add(items.Count);
                    yield return _engine.Batches.Make(_epoch, sent, _cursor, items, bytes);
                    sent = _cursor;
                }
                if (_told is { } told)
                {
                    _told = null;
                    yield return told;
                    if (told is LiveMessage.Closed)
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
            _engine.Unregister(this, _topics);
        }
    }

    /// <summary>
    /// An event at <paramref name="position"/> concerns this subscription. Only the first one since the reader last
    /// looked is kept.
    /// </summary>
    internal void Note(long position)
    {
        if (Interlocked.CompareExchange(ref _noted, position, Nothing) == Nothing)
            Wake();
    }

    /// <summary>The client is to hear how far it is, even if nothing concerned it.</summary>
    internal void TellPosition()
    {
        Interlocked.Exchange(ref _mustTellPosition, 1);
        Wake();
    }

    /// <summary>Called under the engine's lock, so that there is one of them.</summary>
    internal void Tell(LiveMessage.BroadcastLevel level)
    {
        var levels = _levels;
        if (levels is null)
            Volatile.Write(ref _levels, levels = new());
        levels.Put(level);
        Wake();
    }

    internal void Wake() => _wake.Set();

    private static void Forget(ref List<RecordedEvent> events)
    {
        if (events.Capacity > RoomMax)
            events = [];
        else
            events.Clear();
    }

    private LiveMessage? Farewell(LiveSession session)
    {
        if (_engine.IsStopping)
            return Close("server_stopping");
        // Who is no more than a page behind reads up to the event that says so, as who is not behind does.
        if (session.EndedAt - _cursor > _engine.Limits.BatchItemsMax)
            return Close("session_ended");
        // A key's time runs out without an event.
        if (session.EndedAt is null && session.HasEnded)
            return Close("session_ended");
        return IsOver ? new LiveMessage.EpochChanged(_engine.Log.Epoch, _engine.Log.Head) : null;
    }

    /// <summary>
    /// The history this subscription tells of is not, or not surely, what is read now. Asked after every reading: both
    /// change before other events can be read.
    /// </summary>
    private bool IsOver => _engine.Log.Epoch != _epoch || _engine.Log.HistoryGeneration != _generation;

    private static LiveMessage.Closed Close(string reason)
    {
        LiveMetrics.Closed.Add(1, new KeyValuePair<string, object?>("reason", reason));
        return new(reason);
    }

    /// <summary>
    /// Everything up to the engine's position that concerns this subscription was noted; what lies before the first of
    /// it can be passed over.
    /// </summary>
    private void LookForMore()
    {
        // The position first: an event at or below it was noted before it moved there.
        var position = _engine.Position;
        var noted = Interlocked.Exchange(ref _noted, Nothing);
        if (noted == Nothing)
        {
            _cursor = Math.Max(_cursor, position);
            return;
        }
        // Only the first was kept: later ones, up to wherever the engine is by now in its page, went unnoted. None of
        // them is beyond the head.
        (_cursor, _scanTo) = (Math.Max(_cursor, noted - 1), Math.Max(position, _engine.Log.Head));
    }

    /// <summary>
    /// Reads from one source: the tail; if it no longer has them, only this subscription's events as far as the index
    /// of topics goes; else all there are.
    /// </summary>
    /// <returns>Up to where nothing that concerns this subscription is missing from <paramref name="into"/>.</returns>
    private async ValueTask<long> ReadPageAsync(List<RecordedEvent> into, CancellationToken ct)
    {
        if (_cursor >= _scanTo)
            return _cursor;
        var max = (int)Math.Min(_engine.Limits.BatchItemsMax, _scanTo - _cursor);
        if (_engine.Log.Tail.TryRead(_cursor, max, into))
            return into[^1].Position;
        using (var turn = await _engine.DatabaseTurns.TryEnterAsync(_caller.AccountId, ct))
        {
            if (turn is null)
                throw new InvalidOperationException($"{_engine.Limits.WaitingMax} subscriptions wait to read the log");
            LiveMetrics.ReadFromDatabase.Add(1);
            if (await ReadIndexedAsync(into, max, ct) is { } indexedTo)
                return indexedTo;
            into.AddRange(await _engine.Log.ReadAfterAsync(_cursor, max, ct));
        }
        if (into.Count == 0 && !IsOver)
            throw new InvalidOperationException($"the log has nothing after {_cursor} though its head was {_scanTo}");
        return into.Count == 0 ? _cursor : into[^1].Position;
    }

    /// <returns>
    /// Null when reading all is as well: little lies ahead, the whole log is asked for, or the index has not come far
    /// enough.
    /// </returns>
    private async Task<long?> ReadIndexedAsync(List<RecordedEvent> into, int max, CancellationToken ct)
    {
        if (_wholeLog || _cursor < _askIndexFrom)
            return null;
        // A topic's look-up costs about what reading an event does.
        var atLeast = Math.Max(_engine.Limits.IndexedFromEvents, _topics.Count);
        if (
            await _engine.Index.ReadAsync([.. _topics.Select(t => t.ToString())], _cursor, _scanTo, max, atLeast, ct)
            is not { } page
        )
        {
            _askIndexFrom = _cursor + atLeast;
            return null;
        }
        into.AddRange(page.Events);
        return page.ReadTo;
    }

    /// <summary>
    /// Moves the cursor over the events, as far as one batch goes, and keeps those that concern the client.
    /// </summary>
    /// <param name="readTo">Where the cursor is when all of them were taken.</param>
    /// <param name="bytes">Of the items' JSON.</param>
    private IReadOnlyList<LiveItem> Take(List<RecordedEvent> events, long readTo, out int bytes)
    {
        List<LiveItem>? items = null;
        bytes = 0;
        foreach (var e in events)
        {
            var item = _engine.ItemOf(e);
            var (concerns, access) = Match(item, e);
            if (access && e.Data is SessionEnded ended && ended.SessionId == _caller.SessionId)
            {
                _cursor = e.Position;
                _told = Close("session_ended");
                return items ?? NoItems;
            }
            if (concerns)
            {
                if (items is not null && bytes + item.Json.Length > _engine.Limits.BatchBytesMax)
                    return items;
                bytes += item.Json.Length;
                (items ??= []).Add(item);
            }
            _cursor = e.Position;
            if (!access)
                continue;
            // Of a topic that is new now, the page may lack what comes next.
            if (ChangeTopics(e) || _told is not null)
                return items ?? NoItems;
        }
        _cursor = Math.Max(_cursor, readTo);
        return items ?? NoItems;
    }

    private (bool Concerns, bool Access) Match(LiveItem item, RecordedEvent e)
    {
        var (concerns, access) = (_wholeLog, false);
        foreach (var topic in item.Topics)
        {
            if (!_topics.Contains(topic))
                continue;
            if (topic.Kind == TopicKind.Access)
                access = true;
            else
                concerns = true;
            if (topic.Kind == TopicKind.Community)
                access = true;
        }
        // Of a community that is being joined nothing is followed yet; that it was joined is the first of it.
        return (concerns || access && IsJoining(e.Data), access);
    }

    /// <returns>Whether there is a new topic.</returns>
    private bool ChangeTopics(RecordedEvent e)
    {
        switch (e.Data)
        {
            case FollowStarted started
                when _access.Followees is not null
                    && _topics.Count
                        < _engine.Limits.FolloweesMax
                            + _engine.Limits.TopicsPerSubscriptionMax
                            + _engine.Limits.ChannelsOfMineMax:
                var topic = Topic.Activity(started.FolloweeId);
                // What the followee did between this event and the engine's position was not noted: it is looked at.
                if (!_topics.Add(topic))
                    break;
                _scanTo = Math.Max(_scanTo, _engine.Register(this, [topic]));
                return true;
            case FollowStopped stopped when _topics.Remove(Topic.Activity(stopped.FolloweeId)):
                _engine.RemoveTopics(this, [Topic.Activity(stopped.FolloweeId)]);
                break;
            case MemberJoined joined when IsJoining(joined):
                _joined = joined.CommunityId;
                return true;
            case ChannelCreated created when _access.Mine?.Add(created.CommunityId, created.ChannelId) == true:
                Open([Topic.Channel(created.ChannelId)]);
                return true;
            case MemberLeft left when left.MemberId == _caller.AccountId:
                Leave(left.CommunityId, e.Position);
                break;
        }
        return false;
    }

    private bool IsJoining(object? data) =>
        _access.Mine is { } mine
        && data is MemberJoined joined
        && joined.MemberId == _caller.AccountId
        && !mine.Has(joined.CommunityId);

    /// <summary>From the joining, where the cursor is, the community and its channels are followed too.</summary>
    private async Task FollowAsync(Guid community, CancellationToken ct)
    {
        _joined = null;
        if (await _engine.Access.ChannelsAtAsync(community, _cursor, ct) is not { } channels)
        {
            // A gap would be a lie; who resumes from here tries again.
            _told = Close("not_there_yet");
            return;
        }
        _access.Mine!.Join(community);
        foreach (var (channel, _) in channels)
            _access.Mine.Add(community, channel);
        Open(channels.Select(c => Topic.Channel(c.Channel)).Prepend(Topic.Community(community)));
    }

    private void Open(IEnumerable<Topic> topics)
    {
        if (_access.Mine!.Channels > _engine.Limits.ChannelsOfMineMax)
        {
            _told = Close("too_many_topics");
            return;
        }
        var opened = topics.Where(_topics.Add).ToList();
        // What happened there between this event and the engine's position was not noted: it is looked at.
        if (opened.Count > 0)
            _scanTo = Math.Max(_scanTo, _engine.Register(this, opened));
    }

    private void Leave(Guid community, long position)
    {
        var closed = _access.Mine?.Leave(community).ToHashSet() ?? [];
        // Who left and came back before the topics were authorised is a member, and sees what was asked for by name.
        if (position > _access.CheckedAt)
            closed.UnionWith(_access.Named.Where(t => t.Value == community).Select(t => t.Key));
        else
            closed.ExceptWith(_access.Named.Keys);
        closed.IntersectWith(_topics);
        if (closed.Count == 0)
            return;
        _topics.ExceptWith(closed);
        _engine.RemoveTopics(this, closed);
        _told = _topics.Any(t => t.IsPublic)
            ? new LiveMessage.TopicsClosed("membership_ended", _cursor, [.. closed.Select(t => t.ToString())])
            : Close("membership_ended");
    }

    private ValueTask WaitAsync(CancellationToken ct)
    {
        // A full fence: whoever notes something after it ends this wait, and what was noted before it is seen here.
        var wait = _wake.Begin();
        if (
            Volatile.Read(ref _noted) != Nothing
            || Volatile.Read(ref _mustTellPosition) == 1
            || Volatile.Read(ref _levels) is { Any: true }
            || _engine.IsStopping
            || ct.IsCancellationRequested
        )
            _wake.Set();
        return wait;
    }
}
