using System.Collections.Immutable;

namespace Veza.Domain.Chat.Members;

/// <summary>An account's membership of a community. It remains after the member leaves.</summary>
/// <param name="RoleIds">Without the role that everyone has. It may hold roles that are deleted since.</param>
/// <param name="MessagesDeletedSince">
/// The current ban deletes the member's messages from this time on; null when it deletes none.
/// </param>
public sealed record Member(
    Guid CommunityId,
    Guid Id,
    bool Present,
    ImmutableHashSet<Guid> RoleIds,
    bool Banned = false,
    DateTimeOffset? TimedOutUntil = null,
    DateTimeOffset? MessagesDeletedSince = null
)
{
    /// <summary>As on Discord.</summary>
    public static readonly TimeSpan TimeOutMax = TimeSpan.FromDays(28);

    /// <summary>Characters of a moderator's reason to kick, ban or time out.</summary>
    public const int ReasonMax = 512;

    /// <summary>
    /// How far back a ban deletes messages: a week, as on Discord. Older messages have been read and answered.
    /// </summary>
    public const int DeleteMessagesHoursMax = 168;

    public static Guid StreamId(Guid communityId, Guid memberId) => StreamIds.Of("member", communityId, memberId);

    public static Member Create(MemberJoined e) => new(e.CommunityId, e.MemberId, Present: true, []);

    public static Member Create(MemberBanned e) => new(e.CommunityId, e.MemberId, Present: false, [], Banned: true);

    public Member Apply(MemberJoined _) => this with { Present = true };

    public Member Apply(MemberLeft _) => this with { Present = false, RoleIds = [] };

    public Member Apply(MemberBanned _) => this with { Banned = true };

    public Member Apply(MemberMessagesDeletionOrdered e) => this with { MessagesDeletedSince = e.Since };

    public Member Apply(MemberUnbanned _) => this with { Banned = false, MessagesDeletedSince = null };

    public Member Apply(MemberTimedOut e) => this with { TimedOutUntil = e.Until };

    public Member Apply(MemberRoleGiven e) => this with { RoleIds = RoleIds.Add(e.RoleId) };

    public Member Apply(MemberRoleTaken e) => this with { RoleIds = RoleIds.Remove(e.RoleId) };

    public Member Apply(MemberTimeOutEnded _) => this with { TimedOutUntil = null };

    /// <summary>A member who leaves and comes back is still timed out.</summary>
    public bool IsTimedOut(DateTimeOffset now) => TimedOutUntil > now;
}
