namespace Veza.Domain.Chat.Communities;

/// <summary>What must be known of a community to decide about it.</summary>
/// <param name="Channels">
/// Those counted: the first one and what was created before channels were counted are not.
/// </param>
public sealed record Community(Guid Id, Guid OwnerId, int Channels = 0)
{
    public const int NameMax = 100;

    /// <summary>As on Discord. A member's client lists them all, and each is a topic of its own.</summary>
    public const int ChannelsMax = 500;

    /// <summary>Communities one account may found, as many as a person on Discord may be in.</summary>
    public const int FoundedMax = 100;

    public static Community Create(CommunityCreated e) => new(e.CommunityId, e.OwnerId);

    public Community Apply(ChannelCounted _) => this with { Channels = Channels + 1 };
}

/// <summary>
/// How many communities an account has founded. Those founded before they were counted are not among them.
/// </summary>
public sealed record FoundedCommunities(int Count)
{
    public static Guid StreamId(Guid ownerId) => StreamIds.Of("founded_communities", ownerId, ownerId);

    public static FoundedCommunities Create(CommunityCounted _) => new(1);

    public FoundedCommunities Apply(CommunityCounted _) => this with { Count = Count + 1 };
}
