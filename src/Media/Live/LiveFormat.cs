namespace Veza.Media.Live;

public enum LiveFormat
{
    Ogg,
    Mp3,
}

public static class LiveFormats
{
    public const string Accepted = "application/ogg, audio/ogg, audio/mpeg";

    /// <param name="contentType">
    /// As a source sends it; parameters such as <c>codecs=opus</c> are not looked at, the stream itself is.
    /// </param>
    public static LiveFormat? FromContentType(string contentType) =>
        contentType.Split(';')[0].Trim().ToLowerInvariant() switch
        {
            "application/ogg" or "audio/ogg" => LiveFormat.Ogg,
            "audio/mpeg" => LiveFormat.Mp3,
            _ => null,
        };

    public static string ContentType(this LiveFormat format) =>
        format == LiveFormat.Ogg ? "application/ogg" : "audio/mpeg";

    internal static IFramer NewFramer(this LiveFormat format) =>
        format == LiveFormat.Ogg ? new OggFramer() : new Mp3Framer();
}
