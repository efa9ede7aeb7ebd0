using Veza.Media.Formats;
using Veza.Media.Live;
using static Veza.Media.Tests.Formats.WebMBytes;

namespace Veza.Media.Tests.Formats;

public sealed class WebMFramerTests(SoundFiles sounds)
{
    private const uint Serial = 4711;

    private async Task<byte[]> Opus(string name = "frames.webm", params string[] options) =>
        await File.ReadAllBytesAsync(
            await sounds.MakeAsync(name, 12, ["-c:a", "libopus", "-b:a", "96k", .. options, "-f", "webm"])
        );

    private static byte[] Ogg(byte[] webm, int pieceBytesMax = 9000)
    {
        var framer = new WebMFramer(Serial);
        var ogg = Framing.Sent(Framing.CutAtRandom(framer, webm, pieceBytesMax));
        Assert.Null(framer.Fault);
        return ogg;
    }

    private static string? FaultOf(byte[] webm)
    {
        var framer = new WebMFramer(Serial);
        Framing.CutAtRandom(framer, webm, pieceBytesMax: 20);
        return framer.Fault;
    }

    /// <summary>The packets of sound of a stream that this framer made.</summary>
    private static List<byte[]> PacketsOf(byte[] ogg)
    {
        var frames = Framing.CutAtRandom(new OggFramer(), ogg);
        var packets = new OpusPackets();
        var found = new List<byte[]>();
        foreach (var frame in frames)
        {
            packets.Open(frame.Bytes);
            while (packets.TryTake(out var packet))
                found.Add(packet.ToArray());
        }
        return found;
    }

    [Theory]
    [InlineData("plain.webm")]
    [InlineData("live.webm", "-live", "1")]
    [InlineData("mono.webm", "-ac", "1", "-application", "voip")]
    [InlineData("long.webm", "-frame_duration", "60")]
    [InlineData("short.webm", "-frame_duration", "2.5", "-b:a", "256k")]
    [InlineData("loud.webm", "-b:a", "510k", "-vbr", "off", "-frame_duration", "120")]
    [InlineData("clusters.webm", "-cluster_time_limit", "100")]
    public async Task A_recording_is_heard_as_Ogg_with_the_same_length(string name, params string[] options)
    {
        var webm = await Opus(name, options);
        var ogg = Ogg(webm);
        var (errors, seconds) = await sounds.DecodeAsync(ogg, "ogg");
        Assert.Equal("", errors);
        var (_, expected) = await sounds.DecodeAsync(webm, "matroska");
        // The end of the last packet, which only a block's own padding would cut off.
        Assert.InRange(seconds, expected - 0.001, expected + 0.121);
        // The framer for Ogg takes its pages as they are, their checksums included.
        Assert.Equal(ogg, Framing.Sent(Framing.CutAtRandom(new OggFramer(), ogg)));
    }

    [Fact]
    public async Task The_packets_are_the_encoders_own()
    {
        var webm = await Opus();
        var path = sounds.NewPath(".opus");
        await SoundFiles.RunAsync(["-i", await sounds.WriteAsync(".webm", webm), "-c:a", "copy", path]);
        Assert.Equal(PacketsOf(await File.ReadAllBytesAsync(path)), PacketsOf(Ogg(webm)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(50)]
    [InlineData(200_000)]
    public async Task The_size_of_the_pieces_makes_no_difference(int pieceBytesMax)
    {
        var webm = await Opus();
        Assert.Equal(Ogg(webm), Ogg(webm, pieceBytesMax));
    }

    [Fact]
    public async Task Each_page_holds_a_fifth_of_a_second_and_is_a_join_point()
    {
        var frames = Framing.CutAtRandom(new WebMFramer(Serial), await Opus());
        Assert.InRange(frames.Count, 60, 63);
        Assert.All(frames.SkipLast(1), f => Assert.True(f.IsJoinPoint));
        var (errors, seconds) = await sounds.DecodeAsync(Framing.Sent(frames.Skip(30)), "ogg");
        Assert.Equal("", errors);
        Assert.InRange(seconds, 5.8, 6.2);
    }

    [Fact]
    public async Task A_recording_that_begins_anew_is_another_logical_stream()
    {
        var webm = await Opus();
        var frames = Framing.CutAtRandom(new WebMFramer(Serial), [.. webm, .. webm]);
        var streams = frames.Select(f => f.Headers).Distinct().ToList();
        Assert.Equal([Serial, Serial + 1], streams.Select(h => BitConverter.ToUInt32(h.Bytes.Span[14..18])));
        var (errors, seconds) = await sounds.DecodeAsync(Framing.Sent(frames), "ogg");
        Assert.Equal("", errors);
        Assert.InRange(seconds, 23.9, 24.3);
    }

    [Fact]
    public async Task A_recording_that_breaks_off_anywhere_leaves_whole_pages()
    {
        var webm = await Opus();
        var random = new Random(Framing.NewSeed());
        for (var i = 0; i < 50; i++)
        {
            var ogg = Ogg(webm[..random.Next(webm.Length)]);
            Assert.Equal(ogg, Framing.Sent(Framing.CutAtRandom(new OggFramer(), ogg)));
        }
    }

    [Fact]
    public async Task Spoiled_recordings_never_throw_and_never_make_a_broken_page()
    {
        var webm = (await Opus())[..40_000];
        var random = new Random(Framing.NewSeed());
        for (var i = 0; i < 300; i++)
        {
            var spoiled = (byte[])webm.Clone();
            for (var change = random.Next(1, 40); change > 0; change--)
                spoiled[random.Next(random.Next(2) == 0 ? 600 : spoiled.Length)] = (byte)random.Next(256);
            var framer = new WebMFramer(Serial);
            var ogg = Framing.Sent(Framing.CutAtRandom(framer, spoiled));
            Assert.InRange(framer.PendingBytes, 0, WebMFramer.BlockBytesMax + 12);
            Assert.Equal(ogg, Framing.Sent(Framing.CutAtRandom(new OggFramer(), ogg)));
        }
    }

    [Fact]
    public void Noise_is_refused_at_once()
    {
        var noise = new byte[1024 * 1024];
        new Random(Framing.NewSeed()).NextBytes(noise);
        noise[0] = 0;
        var framer = new WebMFramer(Serial);
        Assert.Empty(Framing.CutAtRandom(framer, noise));
        Assert.Equal("the stream does not begin as WebM", framer.Fault);
    }

    [Fact]
    public void Blocks_in_groups_are_read_as_simple_ones()
    {
        var blocks = Enumerable.Repeat(SoundOf(Silence), 15).ToArray();
        var groups = Enumerable.Repeat(GroupOf(Silence), 15).ToArray();
        Assert.Equal(15, PacketsOf(Ogg(Recording(blocks))).Count);
        Assert.Equal(Ogg(Recording(blocks)), Ogg(Recording(groups)));
    }

    [Fact]
    public void A_packet_that_no_decoder_takes_is_left_out()
    {
        // Nothing at all, no count of frames, and 63 frames of 20 ms.
        var webm = Recording(SoundOf(), SoundOf(0xFB), SoundOf(0xFB, 63, 1), SoundOf(Silence));
        Assert.Equal(Silence, Assert.Single(PacketsOf(Ogg(webm))));
    }

    public static TheoryData<byte[], string> Refused =>
        new()
        {
            { "OggS"u8.ToArray(), "does not begin as WebM" },
            { Beginning("avi"), "EBML, but not WebM" },
            { [.. Beginning(), .. UnknownSize(Cluster)], "sound before its track" },
            { [.. Beginning(), .. Track(StereoHead, "V_VP8", type: 1)], "a track that is not sound" },
            { [.. Beginning(), .. Track(StereoHead), .. Track(StereoHead)], "several tracks" },
            {
                [.. Beginning(), .. Track(StereoHead, "A_\u0007VORBIS"), .. UnknownSize(Cluster)],
                "codec is \"A_VORBIS\""
            },
            { [.. Beginning(), .. Track(null), .. UnknownSize(Cluster)], "no valid OpusHead" },
            { [.. Beginning(), .. Track([1, 2, 3]), .. UnknownSize(Cluster)], "no valid OpusHead" },
            { [.. Beginning(), .. Track(OpusHead(6, 1)), .. UnknownSize(Cluster)], "6 channels in mapping 1" },
            { [.. Beginning(), .. Announced(CodecPrivate, 1025)], "63A2 of the WebM is 1,025 bytes; at most 1,024" },
            { Recording(Announced(SimpleBlock, 7_662)), "A3 of the WebM is 7,662 bytes; at most 7,661" },
            { Recording(Announced(SimpleBlock, 1L << 50)), "at most 7,661" },
            { Recording(Announced(Filler, 1 + 1024 * 1024)), "EC of the WebM is 1,048,577 bytes; at most 1,048,576" },
            { Recording(UnknownSize(Filler)), "EC of the WebM has no size" },
            { Recording([0, 0, 0]), "bytes between its elements" },
            { Recording(Element(SimpleBlock, [0x81, 0, 0])), "ends before its sound" },
            { Recording(Element(SimpleBlock, [0x82, 0, 0, 0, .. Silence])), "belongs to no track" },
            { Recording(Element(SimpleBlock, [0x81, 0, 0, 2, 1, 3, .. Silence])), "(lacing)" },
            { Recording(Element(0xAF, 1, 2, 3)), "encrypted or compressed" },
            { [.. Beginning(), .. Element(0x6D80, 1)], "encrypted or compressed" },
        };

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_no_recording_of_sound_is_refused_with_the_reason(byte[] webm, string reason) =>
        Assert.Contains(reason, FaultOf(webm), StringComparison.Ordinal);

    [Fact]
    public void After_a_refusal_nothing_more_is_taken()
    {
        var framer = new WebMFramer(Serial);
        var frames = new List<SoundFrame>();
        framer.Write(Recording([0, 0, 0]), frames);
        var pending = framer.PendingBytes;
        for (var i = 0; i < 20; i++)
            framer.Write(SoundOf(Silence), frames);
        Assert.Empty(frames);
        Assert.Equal(pending, framer.PendingBytes);
    }

    [Theory]
    [InlineData("audio/webm;codecs=opus", BroadcastFormat.Ogg)]
    [InlineData("video/webm", BroadcastFormat.Ogg)]
    [InlineData("audio/ogg; codecs=opus", BroadcastFormat.Ogg)]
    [InlineData("audio/mpeg", BroadcastFormat.Mp3)]
    public void The_types_of_recorders_are_accepted(string contentType, BroadcastFormat format) =>
        Assert.Equal(format, SourceSound.FromContentType(contentType)?.Format);

    [Fact]
    public void The_type_of_Safaris_recorder_is_not() => Assert.Null(SourceSound.FromContentType("audio/mp4"));
}
