using Veza.Media.Formats;

namespace Veza.Media.Tests.Formats;

public sealed class Mp3FramerTests(SoundFiles sounds)
{
    private static readonly string[] Bare = ["-id3v2_version", "0", "-write_id3v1", "0"];

    private Task<string> Mp3() => sounds.MakeAsync("frames.mp3", 8, ["-c:a", "libmp3lame", "-q:a", "4", .. Bare]);

    [Theory]
    [InlineData("48000")]
    [InlineData("44100")]
    [InlineData("22050")]
    [InlineData("8000")]
    public async Task A_stream_in_pieces_of_any_size_comes_out_byte_for_byte(string sampleRate)
    {
        var path = await sounds.MakeAsync(
            $"rate{sampleRate}.mp3",
            5,
            ["-ar", sampleRate, "-c:a", "libmp3lame", .. Bare]
        );
        var file = await File.ReadAllBytesAsync(path);
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new Mp3Framer(), file)));
    }

    [Fact]
    public async Task One_byte_at_a_time_is_no_different()
    {
        var file = await File.ReadAllBytesAsync(await Mp3());
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new Mp3Framer(), file, pieceBytesMax: 2)));
    }

    [Fact]
    public async Task Layer_two_is_cut_as_well()
    {
        var file = await File.ReadAllBytesAsync(await sounds.MakeAsync("layer2.mp2", 3, "-c:a", "mp2", "-b:a", "384k"));
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new Mp3Framer(), file)));
    }

    [Fact]
    public async Task A_tag_in_front_is_skipped_even_when_it_holds_frames()
    {
        var file = await File.ReadAllBytesAsync(await Mp3());
        var content = file[..40_000];
        byte[] tag =
        [
            .. "ID3"u8,
            4,
            0,
            0,
            0,
            (byte)(content.Length >> 14 & 0x7F),
            (byte)(content.Length >> 7 & 0x7F),
            (byte)(content.Length & 0x7F),
            .. content,
        ];
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new Mp3Framer(), [.. tag, .. file])));
    }

    [Fact]
    public async Task Garbage_before_and_within_is_left_out()
    {
        var file = await File.ReadAllBytesAsync(await Mp3());
        var whole = Framing.CutAtRandom(new Mp3Framer(), file, pieceBytesMax: 3000);
        var random = new Random(Framing.NewSeed());
        var soiled = new MemoryStream();
        foreach (var run in whole)
        {
            // Without the first byte of a header, so that the expected output is known exactly.
            soiled.Write(Enumerable.Range(0, random.Next(1, 600)).Select(_ => (byte)random.Next(0, 255)).ToArray());
            soiled.Write(run.Bytes.Span);
        }
        // The last frame before garbage looks like garbage unless its stream is known already, which holds for all of
        // these.
        var kept = Framing.Sent(Framing.CutAtRandom(new Mp3Framer(), soiled.ToArray()));
        var (errors, seconds) = await sounds.DecodeAsync(kept, "mp3");
        Assert.Equal("", errors);
        Assert.InRange(seconds, 6, 9);
    }

    [Fact]
    public void Noise_is_survived()
    {
        var noise = new byte[4 * 1024 * 1024];
        new Random(Framing.NewSeed()).NextBytes(noise);
        var kept = Framing.CutAtRandom(new Mp3Framer(), noise, pieceBytesMax: 200_000).Sum(f => f.Bytes.Length);
        // Random bytes occasionally form two headers at the right distance.
        Assert.InRange(kept, 0, noise.Length / 10);
    }

    [Fact]
    public async Task However_small_the_pieces_the_runs_are_worth_a_write()
    {
        var file = await File.ReadAllBytesAsync(await Mp3());
        var frames = Framing.CutAtRandom(new Mp3Framer(), file, pieceBytesMax: 500);
        Assert.All(frames.SkipLast(1), f =>
            Assert.InRange(f.Bytes.Length, Mp3Framer.RunBytesMin, Mp3Framer.RunBytesMax)
        );
        Assert.All(frames, f => Assert.True(f.IsJoinPoint));
    }
}
