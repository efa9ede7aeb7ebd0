namespace Veza.Media.Formats;

/// <summary>How long an Opus packet may be, and how long it sounds.</summary>
/// <remarks>RFC 6716, section 3.1.</remarks>
internal static class OpusPacket
{
    /// <summary>120 ms, the longest a packet may be, at 510 kbit/s, the most that encoders make.</summary>
    public const int BytesMax = 7_650;

    /// <summary>Opus counts time at this rate, also when it was recorded at another.</summary>
    public const int SampleRateHz = 48_000;

    /// <summary>120 ms, the longest that a packet may be.</summary>
    private const int SamplesMax = SampleRateHz * 120 / 1000;

    /// <returns>Samples at 48 kHz; 0 for a packet that no decoder accepts.</returns>
    public static int Samples(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
            return 0;
        var frames = (packet[0] & 3) switch
        {
            0 => 1,
            3 when packet.Length < 2 => 0,
            3 => packet[1] & 0x3F,
            _ => 2,
        };
        var samples = frames * FrameSamples(packet[0] >> 3);
        return samples <= SamplesMax ? samples : 0;
    }

    /// <param name="configuration">0 to 11 is SILK, to 15 hybrid, to 31 CELT.</param>
    private static int FrameSamples(int configuration)
    {
        if (configuration >= 16)
            return 120 << (configuration & 3);
        if (configuration >= 12)
            return 480 << (configuration & 1);
        return (configuration & 3) == 3 ? 2_880 : 480 << (configuration & 3);
    }
}
