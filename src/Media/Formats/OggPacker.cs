using System.Buffers;

namespace Veza.Media.Formats;

/// <summary>
/// Packs the packets of one logical Opus stream into Ogg pages. No packet spans two pages, so a decoder can join at
/// each page.
/// </summary>
/// <remarks>RFC 7845. For one thread at a time.</remarks>
internal sealed class OggPacker(uint serial)
{
    /// <summary>
    /// 200 ms of sound on a page: heard soon, and its head of 40 bytes is a hundredth of the sound at 128 kbit/s.
    /// </summary>
    private const int PageSamples = OpusPacket.SampleRateHz / 5;

    private readonly byte[] _segments = new byte[OggPage.SegmentsMax];
    private readonly ArrayBufferWriter<byte> _body = new();
    private int _segmentsUsed;
    private uint _number;
    private ulong _granule;
    private ulong _granuleOfLastPage;

    /// <summary>The page holds as much sound as a page should.</summary>
    public bool IsDue => _granule - _granuleOfLastPage >= PageSamples;

    public bool IsEmpty => _segmentsUsed == 0;

    public bool HasRoomFor(ReadOnlySpan<byte> packet) => _segmentsUsed + SegmentsOf(packet) <= _segments.Length;

    /// <param name="samples">Of the packet, at 48 kHz; none for a header.</param>
    public void Add(ReadOnlySpan<byte> packet, int samples)
    {
        for (var i = 1; i < SegmentsOf(packet); i++)
            _segments[_segmentsUsed++] = byte.MaxValue;
        _segments[_segmentsUsed++] = (byte)(packet.Length % byte.MaxValue);
        _body.Write(packet);
        _granule += (ulong)samples;
    }

    /// <summary>The page of the packets since the page before.</summary>
    public byte[] Take(OggPageFlags flags = OggPageFlags.None)
    {
        var page = OggPage.Write(
            flags,
            _granule,
            serial,
            _number++,
            _segments.AsSpan(0, _segmentsUsed),
            _body.WrittenSpan
        );
        _granuleOfLastPage = _granule;
        _segmentsUsed = 0;
        _body.ResetWrittenCount();
        return page;
    }

    /// <summary>A segment shorter than 255 bytes ends a packet, an empty one also.</summary>
    private static int SegmentsOf(ReadOnlySpan<byte> packet) => packet.Length / byte.MaxValue + 1;
}
