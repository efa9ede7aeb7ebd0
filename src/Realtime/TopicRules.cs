namespace Veza.Realtime;

/// <summary>The channels and communities among the topics asked for, as the read models show them.</summary>
/// <param name="Channels">Those that exist, by id.</param>
/// <param name="Communities">Those that exist, by id, with whether the caller is a member.</param>
internal sealed record SeenTopics(
    IReadOnlyDictionary<Guid, (Guid Community, bool IsMember)> Channels,
    IReadOnlyDictionary<Guid, bool> Communities
);

/// <summary>
/// Decides about topics. Each is decided by itself and by nothing but its own kind and id, and the default is no: a
/// set is granted exactly when each of its topics would be granted alone.
/// </summary>
internal static class TopicRules
{
    /// <returns>The first refusal in the order asked; null when every topic is granted.</returns>
    public static LiveRefusal? FirstRefusal(LiveCaller caller, IEnumerable<Topic> topics, SeenTopics seen)
    {
        foreach (var topic in topics)
            if (Decide(caller, topic, seen) is { } refusal)
                return refusal;
        return null;
    }

    /// <returns>Null when it is granted.</returns>
    public static LiveRefusal? Decide(LiveCaller caller, Topic topic, SeenTopics seen) =>
        TopicScopes.Of(topic.Kind) is not { } scopes ? LiveRefusal.TopicInvalid(topic.ToString())
        : caller.Missing(scopes) is { } scope ? LiveRefusal.ScopeMissing($"the topic {topic}", scope)
        : DecideByKind(caller, topic, seen);

    private static LiveRefusal? DecideByKind(LiveCaller caller, Topic topic, SeenTopics seen) =>
        topic.Kind switch
        {
            TopicKind.Channel => Channel(topic.Id, seen),
            TopicKind.Community => Community(topic.Id, seen),
            TopicKind.Account => topic.Id == caller.AccountId ? null : LiveRefusal.NotOwnAccount(topic.Id),
            TopicKind.Log => caller.MayReadLog
                ? null
                : LiveRefusal.ScopeMissing("the topic log", LiveCaller.LogReadScope),
            // What it stands for is found by the caller's own memberships.
            TopicKind.Communities => null,
            // For everybody who is signed in, as their pages are.
            TopicKind.Track or TopicKind.Broadcast or TopicKind.Chart => null,
            _ => LiveRefusal.TopicInvalid(topic.ToString()),
        };

    private static LiveRefusal? Channel(Guid id, SeenTopics seen)
    {
        if (!seen.Channels.TryGetValue(id, out var channel))
            return LiveRefusal.ChannelUnknown(id);
        return channel.IsMember ? null : LiveRefusal.NotMember(id);
    }

    private static LiveRefusal? Community(Guid id, SeenTopics seen)
    {
        if (!seen.Communities.TryGetValue(id, out var isMember))
            return LiveRefusal.CommunityUnknown(id);
        return isMember ? null : LiveRefusal.NotMemberOf(id);
    }
}
