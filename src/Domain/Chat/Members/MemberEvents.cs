namespace Veza.Domain.Chat.Members;

public abstract record MemberEvent : DomainEvent;

public sealed record MemberJoined(Guid CommunityId, Guid MemberId) : MemberEvent;

/// <summary>
/// A membership ended: the member left, was kicked (<see cref="MemberKicked"/>) or banned (<see cref="MemberBanned"/>).
/// </summary>
public sealed record MemberLeft(Guid CommunityId, Guid MemberId) : MemberEvent;

public sealed record MemberKicked(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    [property: Personal(nameof(MemberKicked.ByMemberId))] string? Reason
) : MemberEvent;

/// <summary>An account was banned. It may be no member, and then it cannot become one.</summary>
public sealed record MemberBanned(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    [property: Personal(nameof(MemberBanned.ByMemberId))] string? Reason
) : MemberEvent;

/// <summary>
/// A ban orders that the member's messages in the community since <paramref name="Since"/> are deleted. The order may
/// follow the ban later. A reactor deletes them one by one.
/// </summary>
public sealed record MemberMessagesDeletionOrdered(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    DateTimeOffset Since
) : MemberEvent;

public sealed record MemberUnbanned(Guid CommunityId, Guid MemberId, Guid ByMemberId) : MemberEvent;

public sealed record MemberTimedOut(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    DateTimeOffset Until,
    [property: Personal(nameof(MemberTimedOut.ByMemberId))] string? Reason
) : MemberEvent;

/// <summary>A moderator ended a time-out early. A time-out that runs out has no event.</summary>
public sealed record MemberTimeOutEnded(Guid CommunityId, Guid MemberId, Guid ByMemberId) : MemberEvent;

public sealed record MemberRoleGiven(Guid CommunityId, Guid MemberId, Guid RoleId, Guid ByMemberId) : MemberEvent;

/// <summary>A role was taken from a member. Members who leave lose theirs without this event.</summary>
public sealed record MemberRoleTaken(Guid CommunityId, Guid MemberId, Guid RoleId, Guid ByMemberId) : MemberEvent;
