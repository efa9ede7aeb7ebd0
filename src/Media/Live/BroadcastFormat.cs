using Veza.Media.Formats;

namespace Veza.Media.Live;

public enum BroadcastFormat
{
    Ogg,
    Mp3,
}

public static class BroadcastFormats
{
    public const string Accepted = "application/ogg, audio/ogg, audio/mpeg";

    /// <param name="contentType">
    /// As a source sends it. Parameters such as <c>codecs=opus</c> are ignored; the stream itself decides.
    /// </param>
    public static BroadcastFormat? FromContentType(string contentType) =>
        contentType.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "application/ogg" or "audio/ogg" => BroadcastFormat.Ogg,
            "audio/mpeg" => BroadcastFormat.Mp3,
            _ => null,
        };

    public static string ContentType(this BroadcastFormat format) =>
        format == BroadcastFormat.Ogg ? "application/ogg" : "audio/mpeg";

    internal static IFramer NewFramer(this BroadcastFormat format) =>
        format == BroadcastFormat.Ogg ? new OggFramer() : new Mp3Framer();
}
