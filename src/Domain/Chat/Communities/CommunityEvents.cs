using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Communities;

// Type and property names are the storage format. To change one, add an upcaster and keep its frozen sample.
public abstract record CommunityEvent : DomainEvent;

public sealed record CommunityCreated(Guid CommunityId, Guid OwnerId, string Name) : CommunityEvent;

/// <summary>Counts a community's channels. It is in the community's stream.</summary>
public sealed record ChannelCounted(Guid CommunityId, Guid ChannelId) : CommunityEvent;

public sealed record ChannelUncounted(Guid CommunityId, Guid ChannelId) : CommunityEvent;

/// <param name="CategoryId">Null for a channel in no category.</param>
/// <param name="Rank">Orders the channels of a category; the lowest is first. Positive.</param>
public sealed record ChannelPlaced(Guid CommunityId, Guid ChannelId, Guid? CategoryId, double Rank, Guid ByMemberId)
    : CommunityEvent;

/// <param name="Colour">0xRRGGBB; 0 is none.</param>
/// <param name="Rank">Orders the roles; the highest is first. Positive.</param>
/// <param name="Hoisted">Whether the members who have it are listed apart.</param>
/// <param name="Mentionable">Whether each member may mention it.</param>
public sealed record RoleCreated(
    Guid CommunityId,
    Guid RoleId,
    Guid ByMemberId,
    string Name,
    int Colour,
    double Rank,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable
) : CommunityEvent;

/// <summary>All of a role but its rank. The role that everyone has is changed by its id, the community's.</summary>
public sealed record RoleChanged(
    Guid CommunityId,
    Guid RoleId,
    Guid ByMemberId,
    string Name,
    int Colour,
    Permission Permissions,
    bool Hoisted,
    bool Mentionable
) : CommunityEvent;

public sealed record RoleMoved(Guid CommunityId, Guid RoleId, Guid ByMemberId, double Rank) : CommunityEvent;

/// <summary>No member has the role from now on.</summary>
public sealed record RoleDeleted(Guid CommunityId, Guid RoleId, Guid ByMemberId) : CommunityEvent;

/// <summary>Counts the communities that an account founded. Each account has one stream of these.</summary>
public abstract record FoundedCommunitiesEvent : DomainEvent;

public sealed record CommunityCounted(Guid OwnerId, Guid CommunityId) : FoundedCommunitiesEvent;
