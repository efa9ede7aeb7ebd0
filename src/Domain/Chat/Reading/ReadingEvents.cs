namespace Veza.Domain.Chat.Reading;

/// <summary>How far an account has read a channel. Each such pair has one stream.</summary>
public abstract record ReadingEvent : DomainEvent;

/// <param name="UpTo">A position of the log. The account has read the channel up to it.</param>
public sealed record ChannelRead(Guid ChannelId, Guid MemberId, long UpTo, DateTimeOffset At) : ReadingEvent;
