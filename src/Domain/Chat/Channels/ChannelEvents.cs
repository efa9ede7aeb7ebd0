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
/// The times of a member's messages in a channel with slow mode. Each member has a stream per channel.
/// </summary>
public abstract record PostingEvent : DomainEvent;

public sealed record MemberPosted(Guid ChannelId, Guid MemberId, Guid MessageId, DateTimeOffset At) : PostingEvent;
