using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;

namespace Veza.Domain.Chat.Members;

/// <summary>An account's place in a community; it stays known after leaving.</summary>
/// <param name="MessagesDeletedSince">
/// From when on the ban that holds has the member's messages deleted; null when it has none deleted.
/// </param>
public sealed record Member(
    Guid CommunityId,
    Guid Id,
    bool Present,
    bool Banned = false,
    DateTimeOffset? TimedOutUntil = null,
    DateTimeOffset? MessagesDeletedSince = null
)
{
    /// <summary>As Discord has it.</summary>
    public static readonly TimeSpan TimeOutMax = TimeSpan.FromDays(28);

    /// <summary>In characters, of why somebody was kicked, banned or timed out.</summary>
    public const int ReasonMax = 512;

    /// <summary>
    /// How far back a ban deletes messages: a week, as Discord has it. What is older has been read and answered.
    /// </summary>
    public const int DeleteMessagesHoursMax = 168;

    public static Guid StreamId(Guid communityId, Guid memberId) => StreamIds.Of("member", communityId, memberId);

    public static Member Create(MemberJoined e) => new(e.CommunityId, e.MemberId, Present: true);

    public static Member Create(MemberBanned e) => new(e.CommunityId, e.MemberId, Present: false, Banned: true);

    public Member Apply(MemberJoined _) => this with { Present = true };

    public Member Apply(MemberLeft _) => this with { Present = false };

    public Member Apply(MemberBanned _) => this with { Banned = true };

    public Member Apply(MemberMessagesDeletionOrdered e) => this with { MessagesDeletedSince = e.Since };

    public Member Apply(MemberUnbanned _) => this with { Banned = false, MessagesDeletedSince = null };

    public Member Apply(MemberTimedOut e) => this with { TimedOutUntil = e.Until };

    public Member Apply(MemberTimeOutEnded _) => this with { TimedOutUntil = null };

    /// <summary>Who leaves and comes back is timed out still.</summary>
    public bool IsTimedOut(DateTimeOffset now) => TimedOutUntil > now;
}

/// <summary>What a member may do. The values are Discord's, so that clients and bots know them.</summary>
[Flags]
public enum Permission : long
{
    None = 0,
    KickMembers = 1L << 1,
    BanMembers = 1L << 2,
    ManageChannels = 1L << 4,
    AddReactions = 1L << 6,
    ViewChannel = 1L << 10,
    SendMessages = 1L << 11,
    ManageMessages = 1L << 13,
    ModerateMembers = 1L << 40,
    All = long.MaxValue,
}

public static class Permissions
{
    public const Permission Everyone = Permission.ViewChannel | Permission.SendMessages | Permission.AddReactions;

    /// <summary>What a time-out leaves.</summary>
    public const Permission TimedOut = Permission.ViewChannel;

    /// <summary>
    /// Who is not there may nothing; the owner may all; who is timed out reads; in an announcement channel the others
    /// read and react.
    /// </summary>
    public static Permission Of(Member? member, Community community, DateTimeOffset now, Channel? channel = null) =>
        member is not { Present: true } ? Permission.None
        : member.Id == community.OwnerId ? Permission.All
        : member.IsTimedOut(now) ? TimedOut
        : channel?.Kind == ChannelKind.Announcement ? Everyone & ~Permission.SendMessages
        : Everyone;
}
