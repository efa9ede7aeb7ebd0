using System.Buffers.Binary;

namespace Veza.Media.Formats;

/// <summary>The four bytes that begin every MPEG audio frame.</summary>
/// <remarks>
/// ISO/IEC 11172-3 section 2.4.1.3 and 13818-3; version 2.5 as in LAME. The free bit rate format is not supported.
/// </remarks>
/// <param name="VersionBits">3 for MPEG 1, 2 for MPEG 2, 0 for 2.5.</param>
/// <param name="LengthBytes">Of the whole frame, including these four.</param>
internal readonly record struct MpegHeader(int VersionBits, int Layer, int SampleRateHz, bool IsMono, int LengthBytes)
{
    public const int Bytes = 4;

    /// <summary>Layer II at 384 kbit/s and 32 kHz is the longest in the tables, with a margin for padding.</summary>
    public const int FrameBytesMax = 2048;

    private static ReadOnlySpan<short> Mpeg1Layer1 =>
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
    private static ReadOnlySpan<short> Mpeg1Layer2 =>
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
    private static ReadOnlySpan<short> Mpeg1Layer3 =>
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    private static ReadOnlySpan<short> Mpeg2Layer1 =>
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
    private static ReadOnlySpan<short> Mpeg2Layer23 => [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

    public static bool TryRead(ReadOnlySpan<byte> bytes, out MpegHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0)
            return false;
        var version = (bytes[1] >> 3) & 3;
        var layer = 4 - ((bytes[1] >> 1) & 3);
        var bitRateIndex = bytes[2] >> 4;
        var sampleRateIndex = (bytes[2] >> 2) & 3;
        if (version == 1 || layer == 4 || bitRateIndex is 0 or 15 || sampleRateIndex == 3)
            return false;

        var sampleRateHz =
            sampleRateIndex switch
            {
                0 => 44100,
                1 => 48000,
                _ => 32000,
            }
            / version switch
            {
                3 => 1,
                2 => 2,
                _ => 4,
            };
        var bitRate =
            1000
            * (
                version == 3
                    ? layer switch
                    {
                        1 => Mpeg1Layer1,
                        2 => Mpeg1Layer2,
                        _ => Mpeg1Layer3,
                    }
                : layer == 1 ? Mpeg2Layer1
                : Mpeg2Layer23
            )[bitRateIndex];
        var padding = (bytes[2] >> 1) & 1;
        var length =
            layer == 1
                ? (12 * bitRate / sampleRateHz + padding) * 4
                : (layer == 3 && version != 3 ? 72 : 144) * bitRate / sampleRateHz + padding;
        header = new MpegHeader(version, layer, sampleRateHz, IsMono: bytes[3] >> 6 == 3, length);
        return true;
    }

    /// <summary>Bit rate and padding change from frame to frame; these do not.</summary>
    public bool IsSameStreamAs(MpegHeader other) =>
        VersionBits == other.VersionBits && Layer == other.Layer && SampleRateHz == other.SampleRateHz;

    /// <summary>
    /// The number of frames that a file declares in the "Xing" or "Info" table, which encoders put into a silent first
    /// frame; null without one.
    /// </summary>
    public static long? DeclaredFrames(ReadOnlySpan<byte> first)
    {
        if (!TryRead(first, out var header))
            return null;
        var table = first[
            (
                Bytes
                + (
                    header.VersionBits == 3
                        ? header.IsMono
                            ? 17
                            : 32
                        : header.IsMono
                            ? 9
                            : 17
                )
            )..
        ];
        if (table.Length < 12 || !(table.StartsWith("Xing"u8) || table.StartsWith("Info"u8)))
            return null;
        return (table[7] & 1) != 0 ? BinaryPrimitives.ReadUInt32BigEndian(table[8..]) : null;
    }
}
