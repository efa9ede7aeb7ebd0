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
