namespace Veza.Domain.Chat.Reading;

/// <summary>How far a member has read a channel.</summary>
public sealed record ReadMarker(long UpTo, DateTimeOffset At)
{
    /// <summary>
    /// A member who follows a conversation moves the marker once for all messages of this time. Reading must not append
    /// more events than writing does.
    /// </summary>
    public static readonly TimeSpan MoveEvery = TimeSpan.FromSeconds(2);

    public static Guid StreamId(Guid channelId, Guid memberId) => StreamIds.Of("read_marker", channelId, memberId);

    public static ReadMarker Create(ChannelRead e) => new(e.UpTo, e.At);

    public ReadMarker Apply(ChannelRead e) => this with { UpTo = e.UpTo, At = e.At };
}
