using System.Buffers.Binary;

namespace Veza.Media.Formats;

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
    public static OpusHead? Read(StreamHeaders headers) =>
        OggPage.TryRead(headers.Bytes.Span, out var page, out _) == OggPageRead.Complete ? Read(page.Body) : null;

    /// <inheritdoc cref="Read(StreamHeaders)"/>
    public static OpusHead? Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < BytesMin || !packet.StartsWith("OpusHead"u8) || packet[8] >> 4 != 0)
            return null;
        return new(packet[9], BinaryPrimitives.ReadInt16LittleEndian(packet[16..]), packet[18]);
    }
}
