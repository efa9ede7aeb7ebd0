using Veza.Media.Formats;

namespace Veza.Media.Tests.Formats;

public sealed class OggFramerTests(SoundFiles sounds)
{
    private Task<string> Opus() =>
        sounds.MakeAsync("frames.opus", 12, "-c:a", "libopus", "-b:a", "96k", "-page_duration", "200000");

    private Task<string> Vorbis() =>
        sounds.MakeAsync("frames.ogg", 12, "-c:a", "libvorbis", "-page_duration", "200000");

    [Theory]
    [InlineData("opus")]
    [InlineData("vorbis")]
    public async Task A_stream_in_pieces_of_any_size_comes_out_byte_for_byte(string codec)
    {
        var file = await File.ReadAllBytesAsync(codec == "opus" ? await Opus() : await Vorbis());
        var frames = Framing.CutAtRandom(new OggFramer(), file);
        Assert.True(frames.Count > 20);
        Assert.Equal(file, Framing.Sent(frames));
    }

    [Fact]
    public async Task One_byte_at_a_time_is_no_different()
    {
        var file = await File.ReadAllBytesAsync(await Opus());
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new OggFramer(), file, pieceBytesMax: 2)));
    }

    [Fact]
    public async Task Garbage_between_pages_is_left_out_even_when_it_looks_like_a_page()
    {
        var file = await File.ReadAllBytesAsync(await Opus());
        var random = new Random(Framing.NewSeed());
        var soiled = new MemoryStream();
        foreach (var page in Pages(file))
        {
            var garbage = new byte[random.Next(0, 400)];
            random.NextBytes(garbage);
            soiled.Write(garbage);
            // A whole page of one segment whose checksum is wrong.
            soiled.Write([.. "OggS"u8, 0, .. new byte[21], 1, 1, 0]);
            soiled.Write(page);
        }
        Assert.Equal(file, Framing.Sent(Framing.CutAtRandom(new OggFramer(), soiled.ToArray())));
    }

    [Fact]
    public async Task A_damaged_page_is_left_out_and_the_rest_goes_on()
    {
        var file = await File.ReadAllBytesAsync(await Opus());
        var pages = Pages(file);
        var damaged = pages.Select(p => p.ToArray()).ToList();
        damaged[10][^1] ^= 0x55;
        var expected = pages.Where((_, i) => i != 10).SelectMany(p => p).ToArray();
        Assert.Equal(
            expected,
            Framing.Sent(Framing.CutAtRandom(new OggFramer(), damaged.SelectMany(p => p).ToArray()))
        );
    }

    [Fact]
    public void Nothing_comes_of_noise()
    {
        var noise = new byte[4 * 1024 * 1024];
        new Random(Framing.NewSeed()).NextBytes(noise);
        Assert.Empty(Framing.CutAtRandom(new OggFramer(), noise, pieceBytesMax: 200_000));
    }

    [Fact]
    public async Task A_chained_stream_brings_its_own_headers()
    {
        var first = await File.ReadAllBytesAsync(await Opus());
        var second = await File.ReadAllBytesAsync(await Vorbis());
        var frames = Framing.CutAtRandom(new OggFramer(), [.. first, .. second]);
        Assert.Equal([.. first, .. second], Framing.Sent(frames));
        Assert.Equal(2, frames.Select(f => f.Headers).Distinct().Count());
        Assert.Contains("OpusHead", System.Text.Encoding.Latin1.GetString(frames[0].Headers.Bytes.Span));
        Assert.Contains("vorbis", System.Text.Encoding.Latin1.GetString(frames[^1].Headers.Bytes.Span));
    }

    [Fact]
    public async Task A_page_that_begins_within_a_packet_is_no_join_point()
    {
        // At this bit rate a page of ten seconds is full, and a packet continues on the next.
        var path = await sounds.MakeAsync(
            "continued.opus",
            12,
            "-c:a",
            "libopus",
            "-b:a",
            "400k",
            "-vbr",
            "off",
            "-page_duration",
            "10000000"
        );
        var frames = Framing.CutAtRandom(new OggFramer(), await File.ReadAllBytesAsync(path));
        Assert.All(frames, f => Assert.Equal((f.Bytes.Span[5] & 1) == 0, f.IsJoinPoint));
        Assert.Contains(frames, f => f.IsJoinPoint);
        Assert.Contains(frames, f => !f.IsJoinPoint);
    }

    [Fact]
    public async Task Headers_beyond_the_limit_are_a_fault_and_are_not_kept()
    {
        var path = await sounds.MakeAsync(
            "wordy.opus",
            1,
            "-c:a",
            "libopus",
            "-metadata",
            "comment=" + new string('x', 100_000),
            "-metadata",
            "lyrics=" + new string('y', 100_000),
            "-metadata",
            "synopsis=" + new string('z', 100_000)
        );
        var framer = new OggFramer();
        Assert.Empty(Framing.CutAtRandom(framer, await File.ReadAllBytesAsync(path)));
        Assert.Contains("262,144", framer.Fault);
    }

    [Fact]
    public async Task A_stream_that_is_no_sound_we_know_is_a_fault()
    {
        var path = await sounds.MakeAsync("not-opus.oga", 1, "-c:a", "flac");
        var framer = new OggFramer();
        Assert.Empty(Framing.CutAtRandom(framer, await File.ReadAllBytesAsync(path)));
        Assert.NotNull(framer.Fault);
    }

    private static List<byte[]> Pages(byte[] file)
    {
        var pages = new List<byte[]>();
        for (var at = 0; at < file.Length; )
        {
            var segments = file[at + 26];
            var length = 27 + segments + file.AsSpan(at + 27, segments).ToArray().Sum(s => s);
            pages.Add(file[at..(at + length)]);
            at += length;
        }
        return pages;
    }
}
