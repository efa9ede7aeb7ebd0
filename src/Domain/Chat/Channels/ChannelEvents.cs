using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Chat.Channels;

public enum ChannelKind
{
    Text,
    Announcement,
}

public abstract record ChannelEvent : DomainEvent;

public sealed record ChannelCreated(
    Guid ChannelId,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds
) : ChannelEvent;

public enum OverwriteTarget
{
    Role,
    Member,
}

/// <summary>What the channel grants and denies a role or a member. It replaces what was set before.</summary>
public sealed record OverwriteSet(
    Guid ChannelId,
    Guid CommunityId,
    Guid TargetId,
    OverwriteTarget Target,
    Permission Allow,
    Permission Deny,
    Guid ByMemberId
) : ChannelEvent;

public sealed record OverwriteRemoved(Guid ChannelId, Guid CommunityId, Guid TargetId, Guid ByMemberId) : ChannelEvent;

/// <summary>
/// The times of a member's messages in a channel with slow mode. Each member has a stream per channel.
/// </summary>
public abstract record PostingEvent : DomainEvent;

public sealed record MemberPosted(Guid ChannelId, Guid MemberId, Guid MessageId, DateTimeOffset At) : PostingEvent;
