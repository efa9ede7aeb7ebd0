namespace Veza.Api.Live.Broadcasts;

/// <summary>The bounds of a source's connection.</summary>
public sealed record IcecastLimits
{
    /// <summary>Request line and headers together; encoders send less than 1 KiB.</summary>
    public int HeadBytesMax { get; init; } = 16 * 1024;

    /// <summary>
    /// From the connection's beginning to the end of the headers: a slow head would hold a connection for no reason.
    /// </summary>
    public TimeSpan HeadTimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A source that sends no byte for this long counts as gone, so that it can come back. Icecast's own default.
    /// </summary>
    public TimeSpan IdleTimeLimit { get; init; } = TimeSpan.FromSeconds(10);
}
