namespace Veza.Media.Live;

/// <summary>The bounds of broadcasts. Each has a default with its reason.</summary>
public sealed record BroadcastLimits
{
    /// <summary>MAX_STREAMS: broadcasts at the same time on one node.</summary>
    public int StreamsMax { get; init; } = 10_000;

    /// <summary>MAX_LISTENERS_PER_STREAM.</summary>
    public int ListenersPerStreamMax { get; init; } = 10_000;

    /// <summary>
    /// How far behind a listener may fall before it skips forward; long enough for a telephone to change cells.
    /// </summary>
    public TimeSpan RingSpan { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Maximum bytes of a broadcast's frames at any bit rate: 15 s at 320 kbit/s is 600 KB.</summary>
    public int RingBytesMax { get; init; } = 1024 * 1024;

    /// <summary>
    /// Sound sent immediately to a new listener, which fills the player's buffer so that playing begins without a wait.
    /// </summary>
    public TimeSpan BurstSpan { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bounds the burst of a source that sends faster than real time.</summary>
    public int BurstBytesMax { get; init; } = 256 * 1024;

    /// <summary>
    /// How long listeners wait when the source is gone, and how long a mount waits for its first source.
    /// </summary>
    public TimeSpan SourceGrace { get; init; } = TimeSpan.FromSeconds(30);
}
