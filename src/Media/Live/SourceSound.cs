using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>How the bytes of a browser's recorder become the frames that listeners get.</summary>
/// <param name="Format">What listeners get: WebM becomes Ogg.</param>
/// <param name="Framer">A new one for each source.</param>
public sealed record SourceSound(BroadcastFormat Format, IFramer Framer)
{
    public const string Accepted = "audio/webm, " + BroadcastFormats.Accepted;

    /// <param name="contentType">
    /// A recorder's <c>mimeType</c>. Chromium also calls sound alone <c>video/webm</c>. Parameters are ignored: the
    /// stream itself decides.
    /// </param>
    /// <returns>Null when it is not accepted.</returns>
    public static SourceSound? FromContentType(string contentType)
    {
        if (contentType.Split(';')[0].Trim().ToLowerInvariant() is "audio/webm" or "video/webm")
            return new(BroadcastFormat.Ogg, new WebMFramer((uint)Random.Shared.Next()));
        return BroadcastFormats.FromContentType(contentType) is { } format ? new(format, format.NewFramer()) : null;
    }
}
