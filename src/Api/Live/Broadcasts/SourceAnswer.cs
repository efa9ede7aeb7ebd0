using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The host's decision about a source: <see cref="SourceAccepted"/> or <see cref="SourceRefused"/>.</summary>
public abstract record SourceAnswer;

public sealed record SourceAccepted(Mount Mount) : SourceAnswer;

/// <param name="Status">
/// 401 wrong credentials, 403 not allowed, 404 no such broadcast, 409 ended or in use, 415 another format,
/// 503 too many streams.
/// </param>
/// <param name="Reason">One sentence for the person at the encoder.</param>
public sealed record SourceRefused(int Status, string Reason) : SourceAnswer
{
    /// <summary>Why a source that authenticated did not get the mount.</summary>
    internal static SourceRefused Of(ConnectAnswer answer, Mount mount) =>
        answer switch
        {
            ConnectAnswer.InUse => new(409, "mount in use: another source is sending to this broadcast"),
            ConnectAnswer.OtherFormat => new(
                415,
                $"this broadcast began as {mount.Format.ContentType()} and must stay that"
            ),
            _ => new(409, "the broadcast has ended"),
        };
}
