using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;

namespace Veza.Domain.Chat.Members;

/// <summary>An account's place in a community; it stays known after leaving.</summary>
public sealed record Member(Guid CommunityId, Guid Id, bool Present)
{
    public static Guid StreamId(Guid communityId, Guid memberId) => StreamIds.Of("member", communityId, memberId);

    public static Member Create(MemberJoined e) => new(e.CommunityId, e.MemberId, Present: true);
    public Member Apply(MemberJoined _) => this with { Present = true };
    public Member Apply(MemberLeft _) => this with { Present = false };
}

/// <summary>What a member may do. The values are Discord's, so that clients and bots know them.</summary>
[Flags]
public enum Permission : long
{
    None = 0,
    AddReactions = 1L << 6,
    ManageChannels = 1L << 4,
    ViewChannel = 1L << 10,
    SendMessages = 1L << 11,
    ManageMessages = 1L << 13,
    All = long.MaxValue,
}

public static class Permissions
{
    public const Permission Everyone = Permission.ViewChannel | Permission.SendMessages | Permission.AddReactions;

    /// <summary>Who is not there may nothing; the owner may all; in an announcement channel the others read and react.</summary>
    public static Permission Of(Member? member, Community community, Channel? channel = null) =>
        member is not { Present: true } ? Permission.None
        : member.Id == community.OwnerId ? Permission.All
        : channel?.Kind == ChannelKind.Announcement ? Everyone & ~Permission.SendMessages
        : Everyone;
}
