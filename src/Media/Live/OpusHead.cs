using System.Buffers.Binary;
using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>The first packet of an Ogg Opus stream.</summary>
/// <remarks>RFC 7845, section 5.1.</remarks>
/// <param name="GainQ8">Gain that the decoder must apply, in 1/256 dB.</param>
/// <param name="MappingFamily">0 for mono and stereo in one stream; others map channels to several.</param>
internal readonly record struct OpusHead(int Channels, int GainQ8, int MappingFamily)
{
    private const int BytesMin = 19;

    /// <summary>Mono or stereo, as nearly every source sends it; one decoder is enough.</summary>
    public bool IsPlain => MappingFamily == 0 && Channels is 1 or 2;

    /// <returns>Null when the stream is not Opus, or of a future version with another layout.</returns>
    public static OpusHead? Read(StreamHeaders headers)
    {
        if (OggPage.TryRead(headers.Bytes.Span, out var page, out _) != OggPageRead.Complete)
            return null;
        var body = page.Body;
        if (body.Length < BytesMin || !body.StartsWith("OpusHead"u8) || body[8] >> 4 != 0)
            return null;
        return new(body[9], BinaryPrimitives.ReadInt16LittleEndian(body[16..]), body[18]);
    }
}
