using Veza.Domain.Social.Follows;
using Veza.EventStore;
using Veza.EventStore.Reading;
using Veza.Projections.Chat;
using Veza.Projections.Social.Follows;
using Veza.Projections.Topics;

namespace Veza.Realtime;

/// <summary>Completes when the named read models hold everything up to a position.</summary>
public delegate Task ReadModelsReached(IReadOnlyList<string> projections, long position, CancellationToken ct);

/// <summary>What a caller may subscribe to.</summary>
/// <param name="Communities">The community of each channel asked for: leaving it ends the channel's topic.</param>
/// <param name="Followees">As of the position the subscription begins after; null unless the caller's own account is a topic.</param>
internal sealed record Access(long CheckedAt, IReadOnlyDictionary<Guid, Guid> Communities, HashSet<Guid>? Followees);

/// <summary>Decides whether a caller may see topics. Read models lag, so it waits until they show what is in the log now.</summary>
public sealed class TopicAccess(EventLog log, ChatQueries chat, FollowQueries follows, ReadModelsReached reached, LiveLimits limits)
{
    public static readonly string[] ReadsForChannels = ["chat.channels.v1", "chat.members.v1"];
    public static readonly string[] ReadsForAccounts = ["social.follows.v1"];

    private readonly TopicIndex _index = new(log);
    private readonly string[] _followAliases = log.Types.AliasesOf(typeof(FollowStarted), typeof(FollowStopped));

    internal async Task<(Access? Access, LiveRefusal? Refusal)> CheckAsync(LiveCaller caller, IReadOnlySet<Topic> topics, long after, CancellationToken ct)
    {
        if (topics.Contains(Topic.Log) && !caller.MayReadLog) return (null, LiveRefusal.ScopeMissing);
        if (topics.FirstOrDefault(t => t.Kind == TopicKind.Account && t.Id != caller.AccountId) is { Id: var other } && other != Guid.Empty)
            return (null, LiveRefusal.NotOwnAccount(other));
        var channels = topics.Where(t => t.Kind == TopicKind.Channel).Select(t => t.Id).ToArray();
        var feed = topics.Contains(Topic.Account(caller.AccountId));

        var head = log.Head;
        string[] reads = [.. channels.Length > 0 ? ReadsForChannels : [], .. feed ? ReadsForAccounts : []];
        if (reads.Length > 0 && !await ReachedAsync(reads, head, ct)) return (null, LiveRefusal.NotThereYet(limits.AuthoriseWaitMax));

        var communities = new Dictionary<Guid, Guid>(channels.Length);
        if (channels.Length > 0)
        {
            foreach (var (channel, community, isMember) in await chat.ChannelsSeenAsync(channels, caller.AccountId, ct))
            {
                if (!isMember) return (null, LiveRefusal.NotMember(channel));
                communities.Add(channel, community);
            }
            foreach (var channel in channels)
                if (!communities.ContainsKey(channel)) return (null, LiveRefusal.ChannelUnknown(channel));
        }
        return (new(head, communities, feed ? await FolloweesAsOfAsync(caller.AccountId, after, ct) : null), null);
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
        catch (OperationCanceledException) when (!ct.IsCancellationRequested) { return false; }
    }

    /// <summary>Who was followed as of <paramref name="after"/>: a subscription that resumes there gets what one that never broke off got.</summary>
    private async Task<HashSet<Guid>> FolloweesAsOfAsync(Guid account, long after, CancellationToken ct)
    {
        var set = (await follows.FolloweeIdsAsync(account, limits.FolloweesMax, ct)).ToHashSet();
        var head = log.Head;
        if (head - after > limits.CatchUpEventsMax) return set;
        var undone = new HashSet<Guid>();
        while (after < head)
        {
            var (events, readTo) = await ReadFollowsAsync(account, after, head, ct);
            foreach (var e in events)
            {
                // The first change since then tells how it was before.
                if (e.Data is FollowStarted started && started.FollowerId == account && undone.Add(started.FolloweeId)) set.Remove(started.FolloweeId);
                if (e.Data is FollowStopped stopped && stopped.FollowerId == account && undone.Add(stopped.FolloweeId)) set.Add(stopped.FolloweeId);
            }
            after = readTo;
        }
        return set;
    }

    /// <returns>Events among which are all the account's follows up to a position.</returns>
    private async Task<(List<RecordedEvent> Events, long ReadTo)> ReadFollowsAsync(Guid account, long after, long head, CancellationToken ct)
    {
        var events = new List<RecordedEvent>();
        if (log.Tail.TryRead(after, LogReader.PageEventsMax, events)) return (events.FindAll(e => _followAliases.Contains(e.Type)), events[^1].Position);
        if (await _index.ReadAsync([Topic.Access(account).ToString()], after, head, LogReader.PageEventsMax, limits.IndexedFromEvents, ct) is { } page) return (page.Events, page.ReadTo);
        var upTo = Math.Min(head, after + LogReader.SpanMax);
        events = await log.Reader.ReadAsync(new LogQuery(after, upTo) { Types = _followAliases }, LogReader.PageEventsMax, ct);
        return (events, events.Count == LogReader.PageEventsMax ? events[^1].Position : upTo);
    }
}
