namespace Veza.Domain.Chat.Communities;

// Type and property names are the storage format. To change one, add an upcaster and keep its frozen sample.
public abstract record CommunityEvent : DomainEvent;

public sealed record CommunityCreated(Guid CommunityId, Guid OwnerId, string Name) : CommunityEvent;

/// <summary>Counts a community's channels. It is in the community's stream.</summary>
public sealed record ChannelCounted(Guid CommunityId, Guid ChannelId) : CommunityEvent;

/// <summary>Counts the communities that an account founded. Each account has one stream of these.</summary>
public abstract record FoundedCommunitiesEvent : DomainEvent;

public sealed record CommunityCounted(Guid OwnerId, Guid CommunityId) : FoundedCommunitiesEvent;
