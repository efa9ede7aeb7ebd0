using Concentus;
using Veza.Media.Formats;
using Veza.Media.Live;
using Veza.Media.Tests.Formats;

namespace Veza.Media.Tests.Live;

/// <summary>
/// Decodes what a listener of an Opus broadcast receives, with a decoder that is neither ours nor ffmpeg's.
/// </summary>
public sealed class DecodedOpusTests(SoundFiles sounds)
{
    private const int Rate = 48_000;
    private const int Channels = 2;

    /// <summary>120 ms, the longest packet (RFC 6716, section 2.1.4).</summary>
    private const int PacketFramesMax = Rate * 120 / 1000;

    [Fact]
    public async Task A_broadcast_in_pieces_decodes_to_the_sound_that_was_sent()
    {
        var file = await File.ReadAllBytesAsync(await ToneAsync());
        var heard = Decode(Framing.Sent(Framing.CutAtRandom(new OggFramer(), file)));

        // The encoder's delay comes before the three seconds, and its last packet may hold more than the rest.
        Assert.InRange(heard.Count / Channels, 3 * Rate, 3.1 * Rate);
        Assert.InRange(Rms(heard), 0.5 / Math.Sqrt(2) * 0.97, 0.5 / Math.Sqrt(2) * 1.03);
        Assert.InRange(Crossings(heard), 3 * 440 - 5, 3 * 440 + 5);
    }

    [Fact]
    public async Task A_late_listener_hears_the_rest_of_it()
    {
        var frames = Framing.CutAtRandom(new OggFramer(), await File.ReadAllBytesAsync(await ToneAsync()));
        var joined = frames.Where((frame, i) => i >= frames.Count / 2).ToList();
        var heard = Decode(Framing.Sent(joined));
        Assert.InRange(heard.Count / Channels, Rate, 2 * Rate);
        Assert.InRange(Rms(heard), 0.5 / Math.Sqrt(2) * 0.95, 0.5 / Math.Sqrt(2) * 1.05);
    }

    private async Task<string> ToneAsync()
    {
        var path = sounds.NewPath("tone.opus");
        await SoundFiles.RunAsync([
            "-f",
            "lavfi",
            "-i",
            "aevalsrc=0.5*sin(2*PI*440*t)|0.5*sin(2*PI*440*t):s=48000:d=3",
            "-c:a",
            "libopus",
            "-b:a",
            "128k",
            "-page_duration",
            "100000",
            path,
        ]);
        return path;
    }

    private static List<float> Decode(ReadOnlySpan<byte> stream)
    {
        // Otherwise it would look for the machine's libopus first.
        OpusCodecFactory.AttemptToUseNativeLibrary = false;
        using var decoder = OpusCodecFactory.CreateDecoder(Rate, Channels);
        var samples = new List<float>();
        var pcm = new float[PacketFramesMax * Channels];
        // The first two packets are the stream's headers (RFC 7845, section 3).
        foreach (var packet in Packets(stream).Skip(2))
            samples.AddRange(pcm.AsSpan(0, decoder.Decode(packet, pcm, PacketFramesMax) * Channels));
        return samples;
    }

    private static List<byte[]> Packets(ReadOnlySpan<byte> stream)
    {
        var packets = new List<byte[]>();
        var begun = new List<byte>();
        while (OggPage.TryRead(stream, out var page, out _) == OggPageRead.Complete)
        {
            var body = page.Body;
            foreach (var length in page.Segments)
            {
                begun.AddRange(body[..length]);
                body = body[length..];
                if (length == 255)
                    continue;
                packets.Add([.. begun]);
                begun.Clear();
            }
            stream = stream[page.Bytes.Length..];
        }
        return packets;
    }

    private static double Rms(List<float> samples) => Math.Sqrt(samples.Average(sample => (double)sample * sample));

    /// <summary>The number of rising zero crossings of the left channel: one in each period.</summary>
    private static int Crossings(List<float> samples)
    {
        var left = samples.Where((_, i) => i % Channels == 0).ToList();
        return left.Zip(left.Skip(1)).Count(pair => pair.First < 0 && pair.Second >= 0);
    }
}
