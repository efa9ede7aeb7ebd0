using Veza.Api.Configuration;

namespace Veza.Api.Http;

/// <summary>What a request may hold, for every endpoint but the upload, which counts for itself.</summary>
/// <param name="BodyBytesMax">Bytes of a body.</param>
public sealed record RequestLimits(long BodyBytesMax)
{
    /// <summary>JSON may write each byte of a text as <c>\u0041</c>.</summary>
    private const int JsonBytesPerTextByteMax = 6;

    /// <summary>Everything but a message's text: the longest other body has a few kilobytes.</summary>
    private const int OtherBytesMax = 64 << 10;

    public static RequestLimits For(VezaSettings settings) => new(OtherBytesMax + (long)JsonBytesPerTextByteMax * settings.MessageBytesMax);
}
