using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;

namespace Veza.Domain.Chat.Members;

/// <summary>A member's permissions. The values are Discord's, so clients and bots know them.</summary>
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

    /// <summary>The permissions of a member during a time-out.</summary>
    public const Permission TimedOut = Permission.ViewChannel;

    /// <summary>
    /// An absent member may do nothing; the owner may do all; a member during a time-out may read. In an announcement
    /// channel all others may read and react.
    /// </summary>
    public static Permission Of(Member? member, Community community, DateTimeOffset now, Channel? channel = null)
    {
        if (member is not { Present: true })
            return Permission.None;
        if (member.Id == community.OwnerId)
            return Permission.All;
        if (member.IsTimedOut(now))
            return TimedOut;
        return channel?.Kind == ChannelKind.Announcement ? Everyone & ~Permission.SendMessages : Everyone;
    }
}
