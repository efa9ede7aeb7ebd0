namespace Veza.Media.Live;

/// <summary>The bounds of live audio. Every one is a setting; the reasons are those of the defaults.</summary>
public sealed record BroadcastLimits
{
    /// <summary>MAX_STREAMS: broadcasts at once on one node.</summary>
    public int StreamsMax { get; init; } = 10_000;

    /// <summary>MAX_LISTENERS_PER_STREAM.</summary>
    public int ListenersPerStreamMax { get; init; } = 10_000;

    /// <summary>
    /// How far behind a listener may fall before it is cut forward; long enough for a telephone to change cells.
    /// </summary>
    public TimeSpan RingSpan { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>What a broadcast may hold whatever its bit rate: 15 s at 320 kbit/s is 600 KB.</summary>
    public int RingBytesMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// What one who joins is sent at once, so that a player's buffer is full and sound begins without a wait.
    /// </summary>
    public TimeSpan BurstSpan { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A source that sends faster than it sounds would make a burst of anything.</summary>
    public int BurstBytesMax { get; init; } = 256 * 1024;

    /// <summary>
    /// How long listeners are held when the source has gone, and how long a mount waits for its first.
    /// </summary>
    public TimeSpan SourceGrace { get; init; } = TimeSpan.FromSeconds(30);
}
