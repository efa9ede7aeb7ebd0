using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The request of a source that connects.</summary>
/// <param name="Ice">
/// The <c>ice-*</c> headers, names in lower case: <c>ice-name</c>, <c>ice-description</c>, <c>ice-genre</c>,
/// <c>ice-bitrate</c> ….
/// </param>
/// <remarks>Not a record, because a record would print the password.</remarks>
public sealed class SourceRequest(
    Guid broadcastId,
    string user,
    string password,
    string contentType,
    BroadcastFormat format,
    IReadOnlyDictionary<string, string> ice
)
{
    public Guid BroadcastId => broadcastId;
    public string User => user;
    public string Password => password;
    public string ContentType => contentType;
    public BroadcastFormat Format => format;
    public IReadOnlyDictionary<string, string> Ice => ice;
}

/// <summary>The host's decision about a source: <see cref="SourceAccepted"/> or <see cref="SourceRefused"/>.</summary>
public abstract record SourceAnswer;

public sealed record SourceAccepted(Mount Mount) : SourceAnswer;

/// <param name="Status">
/// 401 wrong credentials, 403 not allowed, 404 no such broadcast, 409 ended or in use, 503 too many streams.
/// </param>
/// <param name="Reason">One sentence for the person at the encoder.</param>
public sealed record SourceRefused(int Status, string Reason) : SourceAnswer;

/// <summary>Why a source's connection ended.</summary>
public enum SourceEndReason
{
    Closed,
    Finished,
    Idle,
    BroadcastEnded,
    BadStream,
    ServerStopping,
}

public readonly record struct SourceEnd(SourceEndReason Reason, string Detail);

/// <summary>The host of the Icecast protocol, with access to accounts, keys and the log.</summary>
public interface IIcecastSources
{
    ValueTask<SourceAnswer> Authenticate(SourceRequest request, CancellationToken cancellation);

    /// <summary>The source holds the mount; its sound is read once this has returned.</summary>
    ValueTask Connected(SourceRequest request, Mount mount, CancellationToken cancellation);

    /// <summary>
    /// The source has released the mount. Called once for every <see cref="Connected"/>, even if that failed.
    /// </summary>
    ValueTask Disconnected(SourceRequest request, Mount mount, SourceEnd end);
}

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
