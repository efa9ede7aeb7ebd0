using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Events;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// The topics of one subscription. They change with the events that it reads: a follow, a membership or a permission
/// opens and closes topics exactly at its position.
/// </summary>
/// <remarks>
/// Every topic it holds is registered with the engine. Only the subscription's reader calls it. When a change exceeds a
/// limit or cannot be authorised in time, <see cref="TakeNotice"/> returns the message that ends the subscription.
/// </remarks>
internal sealed class SubscriptionTopics
{
    private readonly LiveSubscription _subscription;
    private readonly LiveEngine _engine;
    private readonly SubscriptionCursor _cursor;
    private readonly LiveCaller _caller;
    private readonly Access _access;
    private readonly HashSet<Topic> _topics;

    // Channels whose history the caller may not read: no older event than this is shown. Mostly null.
    private readonly HashSet<Topic>? _withoutHistory;
    private readonly DateTimeOffset _historyFrom;
    private readonly Queue<LiveMessage> _notices = [];
    private Guid? _joined;

    /// <param name="topics">The topics the client asked for; this class takes the set over.</param>
    public SubscriptionTopics(
        LiveSubscription subscription,
        LiveEngine engine,
        SubscriptionCursor cursor,
        LiveCaller caller,
        HashSet<Topic> topics,
        Access access
    )
    {
        _subscription = subscription;
        _engine = engine;
        _cursor = cursor;
        _caller = caller;
        _access = access;
        _topics = topics;
        HasWholeLog = topics.Contains(Topic.Log);
        _topics.Add(Topic.Access(caller.AccountId));
        _topics.UnionWith(access.Sights.Keys.Select(Topic.Visibility));
        if (access.Mine is not null)
        {
            _topics.UnionWith(access.Mine.Communities.Select(Topic.Community));
            foreach (var (community, channel) in access.Mine.All)
                if (Sees(community, channel))
                    _topics.Add(Topic.Channel(channel));
        }
        _withoutHistory = WithoutHistory();
        _historyFrom = engine.Clock.GetUtcNow() - engine.Limits.WithoutHistoryMax;
        if (access.Followees is null)
            return;
        _topics.Add(Topic.Private(caller.AccountId));
        foreach (var followee in access.Followees)
            _topics.Add(Topic.Activity(followee));
    }

    public bool HasWholeLog { get; }

    public IReadOnlyCollection<Topic> All => _topics;

    /// <summary>Whether the client must get a message after the batch that is being read.</summary>
    public bool HasNotice => _notices.Count > 0;

    /// <returns>Null when there is none.</returns>
    public LiveMessage? TakeNotice() => _notices.TryDequeue(out var notice) ? notice : null;

    /// <summary>Ends the subscription after the batch that is being read.</summary>
    public void Close(string reason) => _notices.Enqueue(LiveSubscription.Close(reason));

    /// <returns>
    /// Whether the client gets the event, and whether the event may change what the caller has access to.
    /// </returns>
    public (bool Concerns, bool Access) Match(LiveItem item, RecordedEvent e)
    {
        var concerns = HasWholeLog;
        var access = false;
        foreach (var topic in item.Topics)
        {
            if (!_topics.Contains(topic))
                continue;
            access |= topic.Kind is TopicKind.Access or TopicKind.Visibility or TopicKind.Community;
            concerns |= topic.Kind switch
            {
                TopicKind.Access or TopicKind.Visibility => false,
                TopicKind.Community => IsShown(e),
                TopicKind.Channel => !IsHistory(topic, e),
                _ => true,
            };
        }
        // The community being joined has no topic here yet; the joining is its first event.
        return (concerns || access && IsJoining(e.Data), access);
    }

    /// <summary>Opens or closes topics as the event says.</summary>
    /// <returns>Whether a topic was opened, so that the page in memory may lack its next events.</returns>
    public bool Change(RecordedEvent e)
    {
        switch (e.Data)
        {
            case FollowStarted started when _access.Followees is not null && _topics.Count < CountMax:
                // The engine noted nothing of the followee between this event and its position: these are scanned.
                return OpenAndScan([Topic.Activity(started.FolloweeId)]);
            case FollowStopped stopped when _topics.Remove(Topic.Activity(stopped.FolloweeId)):
                _engine.RemoveTopics(_subscription, [Topic.Activity(stopped.FolloweeId)]);
                return false;
            case MemberJoined joined when IsJoining(joined):
                _joined = joined.CommunityId;
                return true;
            case ChannelCreated created:
                return Take(created, e);
            case ChannelDeleted deleted:
                _access.Mine?.Remove(deleted.CommunityId, deleted.ChannelId);
                if (_topics.Contains(Topic.Channel(deleted.ChannelId)))
                    CloseTopics("channel_deleted", [Topic.Channel(deleted.ChannelId)]);
                return false;
            case MemberLeft left when left.MemberId == _caller.AccountId:
                Leave(left.CommunityId, e.Position);
                return false;
            default:
                return CommunitySight.CommunityOf(e.Data) is { } community && ChangeSight(community, e);
        }
    }

    /// <summary>Opens the community that the caller just joined, with its channels, from the cursor on.</summary>
    public async Task OpenJoinedAsync(CancellationToken ct)
    {
        if (_joined is not { } community)
            return;
        _joined = null;
        var joined = await _engine.Access.JoinedAsync(_caller.AccountId, community, _cursor.Position, ct);
        if (joined is not ({ } channels, { } sight))
        {
            // Going on would leave a gap; a client that resumes from here tries again.
            Close("not_there_yet");
            return;
        }
        _access.Sights[community] = sight;
        _access.Mine!.Join(community);
        foreach (var channel in channels)
            _access.Mine.Add(community, channel);
        OpenMine(
            channels
                .Where(sight.Sees)
                .Select(Topic.Channel)
                .Prepend(Topic.Visibility(community))
                .Prepend(Topic.Community(community))
        );
    }

    private int CountMax =>
        _engine.Limits.FolloweesMax + _engine.Limits.TopicsPerSubscriptionMax + _engine.Limits.ChannelsOfMineMax;

    private bool IsJoining(object? data) =>
        _access.Mine is { } mine
        && data is MemberJoined joined
        && joined.MemberId == _caller.AccountId
        && !mine.Has(joined.CommunityId);

    private bool Sees(Guid community, Guid channel) =>
        _access.Sights.GetValueOrDefault(community)?.Sees(channel) == true;

    /// <summary>Members learn nothing of channels that they do not see, except that one was shown or hidden.</summary>
    private bool IsShown(RecordedEvent e) =>
        e.Data switch
        {
            ChannelCreated created => _access.Sights.GetValueOrDefault(created.CommunityId)?.SeesNew(e, created)
                == true,
            ChannelChanged changed => Sees(changed.CommunityId, changed.ChannelId),
            ChannelPlaced placed => Sees(placed.CommunityId, placed.ChannelId),
            ChannelDeleted deleted => Sees(deleted.CommunityId, deleted.ChannelId),
            OverwriteSet set => SeesAround(e, set.CommunityId, set.ChannelId),
            OverwriteRemoved removed => SeesAround(e, removed.CommunityId, removed.ChannelId),
            _ => true,
        };

    private bool SeesAround(RecordedEvent e, Guid community, Guid channel) =>
        _access.Sights.GetValueOrDefault(community)?.SeesAround(e, channel) == true;

    private bool IsHistory(Topic channel, RecordedEvent e) =>
        _withoutHistory?.Contains(channel) == true && e.Position <= _access.CheckedAt && e.At < _historyFrom;

    /// <returns>Whether a topic was opened.</returns>
    private bool Take(ChannelCreated created, RecordedEvent e)
    {
        _access.Sights.GetValueOrDefault(created.CommunityId)?.Take(e, out _);
        if (_access.Mine?.Add(created.CommunityId, created.ChannelId) != true)
            return false;
        if (Sees(created.CommunityId, created.ChannelId))
            OpenMine([Topic.Channel(created.ChannelId)]);
        return true;
    }

    private HashSet<Topic>? WithoutHistory()
    {
        HashSet<Topic>? without = null;
        var named = _access.Named.Where(t => t.Key.Kind == TopicKind.Channel).Select(t => (t.Value, t.Key.Id));
        foreach (var (community, channel) in named.Concat(_access.Mine?.All ?? []))
            if (_access.Sights.GetValueOrDefault(community)?.ReadsHistory(channel) == false)
                (without ??= []).Add(Topic.Channel(channel));
        return without;
    }

    /// <summary>Opens and closes the channels that an event of roles or overwrites shows and hides.</summary>
    /// <returns>Whether a topic was opened.</returns>
    private bool ChangeSight(Guid community, RecordedEvent e)
    {
        if (_access.Sights.GetValueOrDefault(community) is not { } sight || !sight.Take(e, out var only))
            return false;
        if (_topics.Contains(Topic.Community(community)))
            _notices.Enqueue(new LiveMessage.ChannelsChanged(community, e.Position));
        var named = _access
            .Named.Where(t => t.Value == community && t.Key.Kind == TopicKind.Channel)
            .Select(t => t.Key.Id);
        var all = only is { } one ? [one] : named.Union(_access.Mine?.ChannelsOf(community) ?? []);
        var hidden = all.Where(channel => !sight.Sees(channel)).Select(Topic.Channel).Where(_topics.Contains).ToList();
        if (hidden.Count > 0)
            CloseTopics("permission_ended", hidden);
        // A channel that was asked for by name stays closed: its client asks again.
        var shown = all.Where(channel => _access.Mine?.Has(community, channel) == true && sight.Sees(channel));
        return OpenAndScan(shown.Select(Topic.Channel));
    }

    private void OpenMine(IEnumerable<Topic> topics)
    {
        if (_access.Mine!.Channels > _engine.Limits.ChannelsOfMineMax)
            Close("too_many_topics");
        else
            OpenAndScan(topics);
    }

    private bool OpenAndScan(IEnumerable<Topic> topics)
    {
        var opened = topics.Where(_topics.Add).ToList();
        if (opened.Count == 0)
            return false;
        _cursor.ScanAtLeastTo(_engine.Register(_subscription, opened));
        return true;
    }

    private void Leave(Guid community, long position)
    {
        var closed = _access.Mine?.Leave(community).ToHashSet() ?? [];
        // A caller who left and came back before the topics were authorised is a member, and keeps the topics asked for
        // by name.
        if (position > _access.CheckedAt)
            closed.UnionWith(_access.Named.Where(t => t.Value == community).Select(t => t.Key));
        else
            closed.ExceptWith(_access.Named.Keys);
        closed.IntersectWith(_topics);
        if (!_access.Named.Any(t => t.Value == community && _topics.Contains(t.Key) && !closed.Contains(t.Key)))
            ForgetSight(community);
        if (closed.Count > 0)
            CloseTopics("membership_ended", closed);
    }

    private void ForgetSight(Guid community)
    {
        _access.Sights.Remove(community);
        if (_topics.Remove(Topic.Visibility(community)))
            _engine.RemoveTopics(_subscription, [Topic.Visibility(community)]);
    }

    private void CloseTopics(string reason, IReadOnlyCollection<Topic> closed)
    {
        _topics.ExceptWith(closed);
        _engine.RemoveTopics(_subscription, closed);
        if (_topics.Any(t => t.IsPublic))
            _notices.Enqueue(
                new LiveMessage.TopicsClosed(reason, _cursor.Position, [.. closed.Select(t => t.ToString())])
            );
        else
            Close(reason);
    }
}
