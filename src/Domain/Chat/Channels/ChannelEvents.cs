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

/// <summary>
/// In a channel with slow mode, each member's messages there leave their times in a stream of the member's own.
/// </summary>
public abstract record PostingEvent : DomainEvent;

public sealed record MemberPosted(Guid ChannelId, Guid MemberId, Guid MessageId, DateTimeOffset At) : PostingEvent;
