namespace Veza.Domain.Chat.Reading;

/// <summary>How far a member has read a channel.</summary>
public sealed record ReadMarker(long UpTo, DateTimeOffset At)
{
    /// <summary>
    /// Whoever reads along moves the marker once for all the messages of this time: reading must not write more than
    /// writing does.
    /// </summary>
    public static readonly TimeSpan MoveEvery = TimeSpan.FromSeconds(2);

    public static Guid StreamId(Guid channelId, Guid memberId) => StreamIds.Of("read_marker", channelId, memberId);

    public static ReadMarker Create(ChannelRead e) => new(e.UpTo, e.At);

    public ReadMarker Apply(ChannelRead e) => this with { UpTo = e.UpTo, At = e.At };
}
