namespace Veza.Domain.Chat.Reading;

/// <summary>How far an account has read each channel is in a stream of the pair's own.</summary>
public abstract record ReadingEvent : DomainEvent;

/// <param name="UpTo">A position of the log: everything in the channel up to it was read.</param>
public sealed record ChannelRead(Guid ChannelId, Guid MemberId, long UpTo, DateTimeOffset At) : ReadingEvent;
