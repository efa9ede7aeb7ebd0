using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Events;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// The topics of one subscription. They change with the events that it reads: a follow or a membership opens and closes
/// topics exactly at its position.
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
    private LiveMessage? _notice;
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
        if (access.Mine is not null)
            _topics.UnionWith(access.Mine.Topics);
        if (access.Followees is null)
            return;
        _topics.Add(Topic.Private(caller.AccountId));
        foreach (var followee in access.Followees)
            _topics.Add(Topic.Activity(followee));
    }

    public bool HasWholeLog { get; }

    public IReadOnlyCollection<Topic> All => _topics;

    /// <summary>Whether the client must get a message after the batch that is being read.</summary>
    public bool HasNotice => _notice is not null;

    /// <returns>Null when there is none.</returns>
    public LiveMessage? TakeNotice()
    {
        var notice = _notice;
        _notice = null;
        return notice;
    }

    /// <summary>Ends the subscription after the batch that is being read.</summary>
    public void Close(string reason) => _notice = LiveSubscription.Close(reason);

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
            if (topic.Kind == TopicKind.Access)
                access = true;
            else
                concerns = true;
            if (topic.Kind == TopicKind.Community)
                access = true;
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
            case ChannelCreated created when _access.Mine?.Add(created.CommunityId, created.ChannelId) == true:
                OpenMine([Topic.Channel(created.ChannelId)]);
                return true;
            case MemberLeft left when left.MemberId == _caller.AccountId:
                Leave(left.CommunityId, e.Position);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Opens the community that the caller just joined, with its channels, from the cursor on.</summary>
    public async Task OpenJoinedAsync(CancellationToken ct)
    {
        if (_joined is not { } community)
            return;
        _joined = null;
        if (await _engine.Access.ChannelsAtAsync(community, _cursor.Position, ct) is not { } channels)
        {
            // Going on would leave a gap; a client that resumes from here tries again.
            Close("not_there_yet");
            return;
        }
        _access.Mine!.Join(community);
        foreach (var (channel, _) in channels)
            _access.Mine.Add(community, channel);
        OpenMine(channels.Select(c => Topic.Channel(c.Channel)).Prepend(Topic.Community(community)));
    }

    private int CountMax =>
        _engine.Limits.FolloweesMax + _engine.Limits.TopicsPerSubscriptionMax + _engine.Limits.ChannelsOfMineMax;

    private bool IsJoining(object? data) =>
        _access.Mine is { } mine
        && data is MemberJoined joined
        && joined.MemberId == _caller.AccountId
        && !mine.Has(joined.CommunityId);

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
        if (closed.Count == 0)
            return;
        _topics.ExceptWith(closed);
        _engine.RemoveTopics(_subscription, closed);
        if (_topics.Any(t => t.IsPublic))
            _notice = new LiveMessage.TopicsClosed(
                "membership_ended",
                _cursor.Position,
                [.. closed.Select(t => t.ToString())]
            );
        else
            Close("membership_ended");
    }
}
