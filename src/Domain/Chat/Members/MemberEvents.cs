namespace Veza.Domain.Chat.Members;

public abstract record MemberEvent : DomainEvent;

public sealed record MemberJoined(Guid CommunityId, Guid MemberId) : MemberEvent;

/// <summary>
/// A membership ended, by the member's own will or after <see cref="MemberKicked"/> or <see cref="MemberBanned"/>.
/// </summary>
public sealed record MemberLeft(Guid CommunityId, Guid MemberId) : MemberEvent;

public sealed record MemberKicked(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    [property: Personal(nameof(MemberKicked.ByMemberId))] string? Reason
) : MemberEvent;

/// <summary>Of a member, or of somebody who is none and must not become one.</summary>
public sealed record MemberBanned(
    Guid CommunityId,
    Guid MemberId,
    Guid ByMemberId,
    [property: Personal(nameof(MemberBanned.ByMemberId))] string? Reason
) : MemberEvent;

/// <summary>
/// With a ban, or added to one that holds: what the member sent in the community from <paramref name="Since"/> on is to
/// be deleted. A reaction does it, message by message.
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

/// <summary>Before its time; what runs out has no event.</summary>
public sealed record MemberTimeOutEnded(Guid CommunityId, Guid MemberId, Guid ByMemberId) : MemberEvent;
