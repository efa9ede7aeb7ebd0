using Veza.Media.Formats;
using Veza.Media.Live;

namespace Veza.Media.Tests.Formats;

internal static class Framing
{
    /// <summary>Gives the bytes to a framer in pieces of chance sizes, the seed of which is printed.</summary>
    public static List<SoundFrame> CutAtRandom(IFramer framer, ReadOnlySpan<byte> bytes, int pieceBytesMax = 9000)
    {
        var random = new Random(NewSeed());
        var frames = new List<SoundFrame>();
        while (!bytes.IsEmpty)
        {
            var piece = Math.Min(bytes.Length, random.Next(1, pieceBytesMax));
            framer.Write(bytes[..piece], frames);
            bytes = bytes[piece..];
        }
        framer.Finish(frames);
        return frames;
    }

    /// <summary>Set VEZA_TEST_SEED to a printed seed to have that run again.</summary>
    public static int NewSeed()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("VEZA_TEST_SEED"), out var given)
            ? given
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"VEZA_TEST_SEED={seed}");
        return seed;
    }

    /// <summary>What a decoder would be sent that listens from the beginning.</summary>
    public static byte[] Sent(IEnumerable<SoundFrame> frames)
    {
        var sent = new MemoryStream();
        var headers = StreamHeaders.None;
        foreach (var frame in frames)
        {
            if (frame.Headers != headers)
                sent.Write((headers = frame.Headers).Bytes.Span);
            sent.Write(frame.Bytes.Span);
        }
        return sent.ToArray();
    }

    /// <summary>Everything there is for a listener now.</summary>
    public static byte[] ReadAll(this MountListener listener)
    {
        var heard = new MemoryStream();
        while (listener.TryRead(out var bytes))
            heard.Write(bytes.Span);
        return heard.ToArray();
    }
}
