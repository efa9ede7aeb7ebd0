using Veza.Domain.Chat.Roles;
using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>The requested channels and communities, as the read models show them.</summary>
/// <param name="Channels">The existing channels by id, with whether the caller sees them.</param>
/// <param name="Communities">The existing communities by id, with whether the caller is a member.</param>
/// <param name="Sights">By community, for all in which the caller is a member.</param>
internal sealed record SeenTopics(
    IReadOnlyDictionary<Guid, (Guid Community, bool Sees)> Channels,
    IReadOnlyDictionary<Guid, bool> Communities,
    Dictionary<Guid, CommunitySight> Sights
);

/// <summary>
/// Decides which topics a caller may subscribe to. A decision depends only on the topic's kind and id, and the default
/// is no. So a set is granted exactly when each of its topics would be granted alone.
/// </summary>
internal static class TopicRules
{
    /// <returns>The first refusal in the order of the request; null when every topic is granted.</returns>
    public static LiveRefusal? FirstRefusal(LiveCaller caller, IEnumerable<Topic> topics, SeenTopics seen)
    {
        foreach (var topic in topics)
            if (Decide(caller, topic, seen) is { } refusal)
                return refusal;
        return null;
    }

    /// <returns>Null when it is granted.</returns>
    public static LiveRefusal? Decide(LiveCaller caller, Topic topic, SeenTopics seen)
    {
        if (TopicScopes.Of(topic.Kind) is not { } scopes)
            return LiveRefusal.TopicInvalid(topic.ToString());
        if (caller.Missing(scopes) is { } scope)
            return LiveRefusal.ScopeMissing($"the topic {topic}", scope);
        return DecideByKind(caller, topic, seen);
    }

    private static LiveRefusal? DecideByKind(LiveCaller caller, Topic topic, SeenTopics seen) =>
        topic.Kind switch
        {
            TopicKind.Channel => Channel(topic.Id, seen),
            TopicKind.Community => Community(topic.Id, seen),
            TopicKind.Account => topic.Id == caller.AccountId ? null : LiveRefusal.NotOwnAccount(topic.Id),
            TopicKind.Log => caller.MayReadLog
                ? null
                : LiveRefusal.ScopeMissing("the topic log", LiveCaller.LogReadScope),
            // It means the caller's own memberships.
            TopicKind.Communities => null,
            // Every signed-in account may see them, as it may see their pages.
            TopicKind.Track or TopicKind.Broadcast or TopicKind.Chart => null,
            _ => LiveRefusal.TopicInvalid(topic.ToString()),
        };

    private static LiveRefusal? Channel(Guid id, SeenTopics seen)
    {
        if (!seen.Channels.TryGetValue(id, out var channel))
            return LiveRefusal.ChannelUnknown(id);
        return channel.Sees ? null : LiveRefusal.MissingIn(id, Permission.ViewChannel);
    }

    private static LiveRefusal? Community(Guid id, SeenTopics seen)
    {
        if (!seen.Communities.TryGetValue(id, out var isMember))
            return LiveRefusal.CommunityUnknown(id);
        return isMember ? null : LiveRefusal.NotMemberOf(id);
    }
}
