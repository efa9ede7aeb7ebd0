namespace Veza.Media.Tests.Formats;

/// <summary>Writes WebM by hand, for what no encoder writes.</summary>
internal static class WebMBytes
{
    public const uint Ebml = 0x1A45DFA3;
    public const uint Segment = 0x18538067;
    public const uint Tracks = 0x1654AE6B;
    public const uint TrackEntry = 0xAE;
    public const uint CodecPrivate = 0x63A2;
    public const uint Cluster = 0x1F43B675;
    public const uint SimpleBlock = 0xA3;
    public const uint BlockGroup = 0xA0;
    public const uint Block = 0xA1;
    public const uint Filler = 0xEC;

    /// <summary>20 ms of silence in CELT, mono.</summary>
    public static readonly byte[] Silence = [0xF8, 0xFF, 0xFE];

    public static readonly byte[] StereoHead = OpusHead(2);

    public static byte[] OpusHead(byte channels, byte mapping = 0) =>
        [.. "OpusHead"u8, 1, channels, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, mapping];

    public static byte[] Element(uint id, params byte[] content) => [.. Id(id), .. Size(content.Length), .. content];

    public static byte[] UnknownSize(uint id) => [.. Id(id), 0xFF];

    /// <summary>A size that the content does not have.</summary>
    public static byte[] Announced(uint id, long size) => [.. Id(id), .. Size(size)];

    public static byte[] Beginning(string docType = "webm") =>
        [.. Element(Ebml, Element(0x4282, System.Text.Encoding.ASCII.GetBytes(docType))), .. UnknownSize(Segment)];

    public static byte[] Track(byte[]? head, string codec = "A_OPUS", byte type = 2) =>
        Element(
            Tracks,
            Element(
                TrackEntry,
                [
                    .. Element(0xD7, 1),
                    .. Element(0x83, type),
                    .. Element(0x86, System.Text.Encoding.ASCII.GetBytes(codec)),
                    .. head is null ? [] : Element(CodecPrivate, head),
                ]
            )
        );

    public static byte[] SoundOf(params byte[] packet) => Element(SimpleBlock, [0x81, 0, 0, 0x80, .. packet]);

    public static byte[] GroupOf(params byte[] packet) =>
        Element(BlockGroup, [.. Element(Block, [0x81, 0, 0, 0, .. packet]), .. Element(0x9B, 20)]);

    /// <summary>A recording of the given blocks, in one cluster of unknown size.</summary>
    public static byte[] Recording(params byte[][] blocks) =>
        [
            .. Beginning(),
            .. Track(StereoHead),
            .. UnknownSize(Cluster),
            .. Element(0xE7, 0),
            .. blocks.SelectMany(b => b),
        ];

    private static byte[] Id(uint id)
    {
        byte[] bytes = [(byte)(id >> 24), (byte)(id >> 16), (byte)(id >> 8), (byte)id];
        return bytes.SkipWhile(b => b == 0).ToArray();
    }

    private static byte[] Size(long size) =>
        [
            0x01,
            (byte)(size >> 48),
            (byte)(size >> 40),
            (byte)(size >> 32),
            (byte)(size >> 24),
            (byte)(size >> 16),
            (byte)(size >> 8),
            (byte)size,
        ];
}
