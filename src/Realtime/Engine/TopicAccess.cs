using Veza.Domain.Accounts;
using Veza.Domain.Chat.Members;
using Veza.Domain.Social.Follows;
using Veza.EventStore;
using Veza.EventStore.Concurrency;
using Veza.EventStore.Events;
using Veza.EventStore.Reading;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Communities;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Social.Follows;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>Completes when the named projections have reached a position.</summary>
public delegate Task ReadModelsReached(IReadOnlyList<string> projections, long position, CancellationToken ct);

/// <summary>Records that a session starts reading the whole log, among the account's security events.</summary>
/// <returns>False when it cannot be recorded now; then the session may not read.</returns>
public delegate Task<bool> LogReadRecorded(Guid session, CancellationToken ct);

/// <summary>The access that a subscription begins with.</summary>
/// <param name="CheckedAt">The position that access was checked as of.</param>
/// <param name="Named">
/// Each channel and community asked for by name, with its community. Leaving the community closes the topic.
/// </param>
/// <param name="Followees">
/// The followed accounts as of the position that the subscription begins after; null unless the caller's account is a
/// topic.
/// </param>
/// <param name="Mine">
/// The caller's communities as of that position; null unless <c>communities:mine</c> is a topic.
/// </param>
/// <param name="Sights">By community, which of its channels the caller sees as of <paramref name="CheckedAt"/>.</param>
internal sealed record Access(
    long CheckedAt,
    IReadOnlyDictionary<Topic, Guid> Named,
    HashSet<Guid>? Followees,
    Memberships? Mine,
    Dictionary<Guid, CommunitySight> Sights
);

/// <summary>
/// Decides whether a caller may subscribe to topics. Read models lag, so it first waits until they have reached the
/// log's head.
/// </summary>
/// <remarks>
/// Any thread may call it. An expected "no" is a <see cref="LiveRefusal"/>; an exception is a fault of the database.
/// </remarks>
public sealed class TopicAccess(
    EventLog log,
    ChatQueries chat,
    RoleQueries roles,
    FollowQueries follows,
    ReadModelsReached reached,
    RealtimeLimits limits,
    LogReadRecorded logRead
)
{
    public static readonly string[] ReadsForAccounts = [FollowsProjection.ProjectionName];
    public static readonly string[] ReadsForChat = [CommunitiesProjection.ProjectionName, .. Sights.Reads];

    private readonly Sights _sights = new(log, roles);
    private readonly TopicIndex _index = new(log);
    private readonly FairSlots _turns = new(
        new("topic_access", limits.AuthorisedAtOnce, limits.AuthorisedPerAccount, limits.WaitingMax, limits.WaitingMax)
    );
    private readonly string[] _changes = log.Types.AliasesOf(
        typeof(FollowStarted),
        typeof(FollowStopped),
        typeof(MemberJoined),
        typeof(MemberLeft)
    );

    /// <param name="topics">In the order of the request; the refusal is of the first topic that is refused.</param>
    internal async Task<(Access? Access, LiveRefusal? Refusal)> CheckAsync(
        LiveCaller caller,
        IReadOnlyList<Topic> topics,
        long after,
        CancellationToken ct
    )
    {
        var channels = IdsOf(topics, TopicKind.Channel);
        var communities = IdsOf(topics, TopicKind.Community);
        var feed = topics.Contains(Topic.Account(caller.AccountId));
        var mine = topics.Contains(Topic.Mine);

        var head = log.Head;
        string[] reads =
        [
            .. channels.Length > 0 || communities.Length > 0 || mine ? ReadsForChat : [],
            .. feed ? ReadsForAccounts : [],
        ];
        if (reads.Length > 0 && !await ReachedAsync(reads, head, ct))
            return (null, LiveRefusal.NotThereYet(limits.AuthoriseWaitMax));

        using var turn = await _turns.TryEnterAsync(caller.AccountId, ct);
        if (turn is null)
            return (null, LiveRefusal.TooManyWaiting(limits.WaitingMax));
        if (await HasEndedAsync(caller, ct))
            return (null, LiveRefusal.SessionEnded);
        var (followees, memberships) =
            feed || mine ? await AsOfAsync(caller.AccountId, feed, mine, after, ct) : (null, null);
        if (await SeeAsync(caller, channels, communities, memberships, ct) is not { } seen)
            return (null, LiveRefusal.NotThereYet(limits.AuthoriseWaitMax));
        if (TopicRules.FirstRefusal(caller, topics, seen) is { } refusal)
            return (null, refusal);
        var open = memberships is null ? null : await OpenAsync(memberships, ct);
        if (open?.Channels > limits.ChannelsOfMineMax)
            return (null, LiveRefusal.TooManyChannels(limits.ChannelsOfMineMax));
        if (topics.Contains(Topic.Log) && caller.SessionId is { } session && !await logRead(session, ct))
            return (null, LiveRefusal.LogBusy);
        return (new(head, Named(seen), followees, open, seen.Sights), null);
    }

    private static Guid[] IdsOf(IReadOnlyList<Topic> topics, TopicKind kind) =>
        [.. topics.Where(t => t.Kind == kind).Select(t => t.Id)];

    /// <summary>A connection outlives its session. The subscription itself notices a session that ends later.</summary>
    private async Task<bool> HasEndedAsync(LiveCaller caller, CancellationToken ct) =>
        caller.SessionId is { } id && await log.Aggregates.FindAsync<Session>(id, ct) is { Ended: true };

    /// <returns>Null when the read models are behind.</returns>
    private async Task<SeenTopics?> SeeAsync(
        LiveCaller caller,
        Guid[] channels,
        Guid[] communities,
        HashSet<Guid>? mine,
        CancellationToken ct
    )
    {
        var foundChannels = channels.Length > 0 ? await chat.ChannelsFoundAsync(channels, caller.AccountId, ct) : [];
        var foundCommunities =
            communities.Length > 0 ? await chat.CommunitiesSeenAsync(communities, caller.AccountId, ct) : [];
        Guid[] seen =
        [
            .. foundChannels
                .Where(c => c.IsMember)
                .Select(c => c.Community)
                .Concat(foundCommunities.Where(c => c.IsMember).Select(c => c.Community))
                .Concat(mine ?? [])
                .Distinct(),
        ];
        if (await _sights.ReadAsync(caller.AccountId, seen, ReachedAsync, ct) is not { } sights)
            return null;
        return new(
            foundChannels.ToDictionary(
                c => c.Channel,
                c => (c.Community, c.IsMember && sights.GetValueOrDefault(c.Community)?.Sees(c.Channel) == true)
            ),
            foundCommunities.ToDictionary(c => c.Community, c => c.IsMember),
            sights
        );
    }

    /// <summary>The community of each topic granted by name.</summary>
    private static Dictionary<Topic, Guid> Named(SeenTopics seen)
    {
        var named = new Dictionary<Topic, Guid>(seen.Channels.Count + seen.Communities.Count);
        foreach (var (id, channel) in seen.Channels)
            named.Add(Topic.Channel(id), channel.Community);
        foreach (var (id, _) in seen.Communities)
            named.Add(Topic.Community(id), id);
        return named;
    }

    // A channel never changes its community, and one created after the subscription's position had no earlier event:
    // today's channels serve.
    private async Task<Memberships> OpenAsync(HashSet<Guid> communities, CancellationToken ct)
    {
        var open = new Memberships();
        foreach (var community in communities)
            open.Join(community);
        foreach (
            var (channel, community) in await chat.ChannelsOfAsync([.. communities], limits.ChannelsOfMineMax + 1, ct)
        )
            open.Add(community, channel);
        return open;
    }

    /// <summary>A community that the caller has joined, with all its channels at a position or later.</summary>
    /// <returns>Null when the read models did not reach the position in time.</returns>
    internal async Task<(IReadOnlyList<Guid> Channels, CommunitySight Sight)?> JoinedAsync(
        Guid account,
        Guid community,
        long position,
        CancellationToken ct
    )
    {
        if (!await ReachedAsync(Sights.Reads, position, ct))
            return null;
        var channels = await chat.ChannelsOfAsync([community], limits.ChannelsOfMineMax + 1, ct);
        var sights = await _sights.ReadAsync(account, [community], ReachedAsync, ct);
        return sights?.GetValueOrDefault(community) is { } sight ? (channels.ConvertAll(c => c.Channel), sight) : null;
    }

    private async Task<bool> ReachedAsync(string[] reads, long position, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(limits.AuthoriseWaitMax);
        try
        {
            await reached(reads, position, limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>
    /// The accounts followed and the memberships as of <paramref name="after"/>. So a subscription that resumes there
    /// gets the same items as one that was never interrupted.
    /// </summary>
    private async Task<(HashSet<Guid>? Followees, HashSet<Guid>? Communities)> AsOfAsync(
        Guid account,
        bool feed,
        bool mine,
        long after,
        CancellationToken ct
    )
    {
        var followees = feed ? (await follows.FolloweeIdsAsync(account, limits.FolloweesMax, ct)).ToHashSet() : null;
        var communities = mine ? (await chat.CommunitiesOfAsync(account, ct)).ToHashSet() : null;
        // Another node may have written the rows, ahead of this node's tail. The events undone below must reach as far.
        await log.CatchUpAsync(ct);
        var head = log.Head;
        if (head - after > limits.CatchUpEventsMax)
            return (followees, communities);
        var undone = new HashSet<Guid>();
        while (after < head)
        {
            var (events, readTo) = await ReadChangesAsync(account, after, head, ct);
            foreach (var e in events)
            {
                // Only the first change after the position is undone: it shows the state before.
                if (e.Data is FollowStarted started && started.FollowerId == account && undone.Add(started.FolloweeId))
                    followees?.Remove(started.FolloweeId);
                if (e.Data is FollowStopped stopped && stopped.FollowerId == account && undone.Add(stopped.FolloweeId))
                    followees?.Add(stopped.FolloweeId);
                if (e.Data is MemberJoined joined && joined.MemberId == account && undone.Add(joined.CommunityId))
                    communities?.Remove(joined.CommunityId);
                if (e.Data is MemberLeft left && left.MemberId == account && undone.Add(left.CommunityId))
                    communities?.Add(left.CommunityId);
            }
            after = readTo;
        }
        return (followees, communities);
    }

    /// <returns>Events that include every follow and membership of the account up to a position.</returns>
    private async Task<(List<RecordedEvent> Events, long ReadTo)> ReadChangesAsync(
        Guid account,
        long after,
        long head,
        CancellationToken ct
    )
    {
        var events = new List<RecordedEvent>();
        if (log.Tail.TryRead(after, LogReader.PageEventsMax, events))
            return (events.FindAll(e => _changes.Contains(e.Type)), events[^1].Position);
        if (
            await _index.ReadAsync(
                [Topic.Access(account)],
                after,
                head,
                LogReader.PageEventsMax,
                limits.IndexedFromEvents,
                ct
            ) is
            { } page
        )
            return (page.Events, page.ReadTo);
        var upTo = Math.Min(head, after + LogReader.SpanMax);
        events = await log.Reader.ReadAsync(
            new LogQuery(after, upTo) { Types = _changes },
            LogReader.PageEventsMax,
            ct
        );
        return (events, events.Count == LogReader.PageEventsMax ? events[^1].Position : upTo);
    }
}
