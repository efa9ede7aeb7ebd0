using Concentus;
using Concentus.Enums;
using Veza.Media.Formats;
using Veza.Media.Live;
using Veza.Media.Tests.Formats;

namespace Veza.Media.Tests.Live;

/// <summary>Measures a broadcast's level live, from any input.</summary>
public sealed class OpusMeterTests
{
    private const int Rate = LevelMeter.SampleRateHz;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);
    private const int PacketsPerTick = 10;

    private readonly SoundFiles _sounds;
    private readonly ManualTime _time = new();
    private readonly Mount _mount;
    private readonly MountSource _source;
    private readonly OpusMeter _meter;

    public OpusMeterTests(SoundFiles sounds)
    {
        _sounds = sounds;
        _mount = new(Guid.CreateVersion7(), BroadcastFormat.Ogg, new BroadcastLimits(), _time);
        Assert.Equal(ConnectAnswer.Connected, _mount.Connect(BroadcastFormat.Ogg, out var source));
        _source = source!;
        _meter = OpusMeter.Of(_mount)!;
    }

    [Theory]
    [InlineData("20000")]
    [InlineData("200000")]
    [InlineData("1000000")]
    public async Task Sound_from_ffmpeg_is_measured_correctly_five_times_a_second(string pageDuration)
    {
        var path = _sounds.NewPath("level.ogg");
        await SoundFiles.RunAsync([
            "-f",
            "lavfi",
            "-i",
            "aevalsrc=0.5*sin(2*PI*997*t)|0.25*sin(2*PI*997*t):s=48000:d=5",
            "-c:a",
            "libopus",
            "-b:a",
            "128k",
            "-page_duration",
            pageDuration,
            "-f",
            "ogg",
            path,
        ]);
        var frames = Framing.CutAtRandom(new OggFramer(), await File.ReadAllBytesAsync(path));
        _source.Write(frames[0].Headers.Bytes.Span);
        var (levels, sentMs) = (new List<SoundLevel>(), 0.0);
        for (var heardMs = 0.0; heardMs < 5000; heardMs += Tick.TotalMilliseconds)
        {
            // As a source does: a page once its content has sounded, here one page ahead.
            while (sentMs <= heardMs && frames.Count > 0)
            {
                _source.Write(frames[0].Bytes.Span);
                sentMs += OggPage.OfWhole(frames[0].Bytes.Span).PacketsEnded * 20;
                frames.RemoveAt(0);
            }
            if (Hear() is { } level)
                levels.Add(level);
        }
        Assert.Equal(25, levels.Count);
        // The first half second holds the encoder's delay and fills the window.
        Assert.All(levels.Skip(3), level =>
        {
            Assert.Equal(-6.02, level.SamplePeakDbfs, 0.3);
            Assert.Equal(Lufs(0.5, 0.25), level.MomentaryLufs, 0.2);
        });
    }

    [Fact]
    public void Mono_and_a_gain_in_the_header_are_heard_as_a_player_plays_them()
    {
        Begin(channels: 1, gainQ8: -6 * 256);
        var level = HearSent(Tone(1, seconds: 1, amplitude: 0.5));
        Assert.Equal(-12.02, level.SamplePeakDbfs, 0.3);
        Assert.Equal(Lufs(0.25), level.MomentaryLufs, 0.3);
    }

    [Fact]
    public void Another_stream_of_the_same_source_is_heard_on_its_own()
    {
        Begin(channels: 1);
        HearSent(Tone(1, seconds: 1, amplitude: 0.5));
        Begin(channels: 2, serial: 2);
        Assert.Equal(Lufs(0.1, 0.1), HearSent(Tone(2, 1, 0.1), serial: 2).MomentaryLufs, 0.3);
        Begin(channels: 2, serial: 3, gainQ8: 6 * 256);
        Assert.Equal(Lufs(0.2, 0.2), HearSent(Tone(2, 1, 0.1), serial: 3).MomentaryLufs, 0.3);
    }

    [Fact]
    public void Silence_reads_as_the_floor_and_a_source_that_sends_nothing_as_nothing()
    {
        Assert.Null(Hear());
        Assert.Equal(MeterState.Waiting, _meter.State);
        Begin(channels: 2);
        Assert.Equal(new SoundLevel(SoundLevel.FloorDb, SoundLevel.FloorDb), HearSent(Tone(2, 1, amplitude: 0)));
        Assert.Null(Hear());
        _source.Dispose();
        Assert.Null(Hear());
    }

    [Fact]
    public async Task Streams_other_than_Opus_or_with_more_than_two_channels_are_reported_as_unmetered()
    {
        Assert.Null(OpusMeter.Of(new(Guid.CreateVersion7(), BroadcastFormat.Mp3, new BroadcastLimits(), _time)));

        _source.Write(await File.ReadAllBytesAsync(await _sounds.MakeAsync("unmetered.ogg", 1, "-c:a", "libvorbis")));
        Assert.Null(Hear());
        Assert.Equal(MeterState.OtherCodec, _meter.State);

        var surround = await _sounds.MakeAsync("surround.opus", 1, "-ac", "6", "-c:a", "libopus");
        _source.Write(await File.ReadAllBytesAsync(surround));
        Assert.Null(Hear());
        Assert.Equal(MeterState.ChannelMapping, _meter.State);

        Begin(channels: 2, serial: 77);
        Assert.Equal(Lufs(0.5, 0.5), HearSent(Tone(2, 1, 0.5), serial: 77).MomentaryLufs, 0.3);
        Assert.Equal(MeterState.Metered, _meter.State);
    }

    [Theory]
    [InlineData(1, 255, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 255, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(255, 0, 1)]
    [InlineData(3, 1, 1)]
    public void A_head_that_promises_something_else_is_never_decoded(int channels, int mappingFamily, uint serial)
    {
        _source.Write(OggPages.Headers(channels, mappingFamily, serial: serial));
        Send(Tone(2, 1, 0.5), serial);
        var level = Hear();
        Assert.Equal(channels == 2 && mappingFamily == 0, level is not null);
        if (level is null)
            Assert.Equal(MeterState.ChannelMapping, _meter.State);
    }

    [Fact]
    public void Packets_of_bad_bytes_end_nothing_and_the_next_sound_is_heard()
    {
        var random = new Random(Framing.NewSeed());
        var sound = Tone(2, seconds: 1, amplitude: 0.5);
        Begin(channels: 2);
        for (var i = 0; i < 40; i++)
        {
            Send([.. Enumerable.Range(0, 20).Select(_ => Bad(random, sound))]);
            // Finite for any input.
            if (Hear() is { } level)
                Assert.InRange(level.MomentaryLufs, SoundLevel.FloorDb, 10);
        }
        // Input that has waited too long is skipped.
        _time.Advance(OpusMeter.LagMax + Tick);
        Begin(channels: 2, serial: 2);
        Assert.Equal(Lufs(0.5, 0.5), HearSent(sound, serial: 2).MomentaryLufs, 0.3);
    }

    [Fact]
    public void A_packet_that_never_ends_and_pages_without_any_cost_no_more_than_others()
    {
        Begin(channels: 2);
        foreach (var page in OggPages.Of([new byte[1_000_000]], segmentsPerPage: 255))
            _source.Write(page);
        var empty = Enumerable.Repeat(Array.Empty<byte>(), 20_000);
        foreach (var page in OggPages.Of(empty, segmentsPerPage: 255))
            _source.Write(page);
        Assert.Null(Hear());
        _time.Advance(OpusMeter.LagMax + Tick);
        Assert.Equal(Lufs(0.5, 0.5), HearSent(Tone(2, 1, 0.5)).MomentaryLufs, 0.3);
    }

    [Fact]
    public void No_more_is_decoded_in_one_go_than_is_allowed_however_late_it_is_asked()
    {
        Begin(channels: 2);
        Send(Tone(2, seconds: 2, amplitude: 0.5));
        _meter.Advance(TimeSpan.FromHours(1));
        Assert.NotNull(_meter.Take());
        // 400 ms of it: the rest is 1.6 s.
        var left = 0;
        for (_meter.Advance(Tick); _meter.Take() is not null; _meter.Advance(Tick))
            left++;
        Assert.Equal(8, left);
    }

    [Fact]
    public void A_source_that_sends_faster_than_it_sounds_is_skipped_forward()
    {
        Begin(channels: 2);
        Send(Tone(2, seconds: 10, amplitude: 0.5));
        Hear();
        var skipped = 0L;
        using var listening = Metered(outcome: "skipped", count => skipped += count);
        _time.Advance(OpusMeter.LagMax + Tick);
        Assert.Equal(Lufs(0.05, 0.05), HearSent(Tone(2, seconds: 1, amplitude: 0.05)).MomentaryLufs, 0.3);
        // Other tests may skip meanwhile: 10 s are 500 packets, of which 200 ms, or a page more, were decoded.
        Assert.InRange(skipped, 470, long.MaxValue);
    }

    private static System.Diagnostics.Metrics.MeterListener Metered(string outcome, Action<long> count)
    {
        var listener = new System.Diagnostics.Metrics.MeterListener
        {
            InstrumentPublished = (instrument, me) =>
            {
                if (instrument.Name == "veza.broadcasts.metered")
                    me.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (_, value, tags, _) =>
            {
                if (tags[0].Value as string == outcome)
                    count(value);
            }
        );
        listener.Start();
        return listener;
    }

    private void Begin(int channels, int gainQ8 = 0, uint serial = 1) =>
        _source.Write(OggPages.Headers(channels, 0, gainQ8, serial));

    private void Send(IReadOnlyList<byte[]> packets, uint serial = 1)
    {
        // A page holds whole packets, as encoders write them when they can.
        uint number = 2;
        foreach (var some in packets.Chunk(PacketsPerTick))
        {
            foreach (var page in OggPages.Of(some, segmentsPerPage: 255, serial, number: number++))
                _source.Write(page);
        }
    }

    /// <summary>Passes the time and decodes what sounds in it.</summary>
    private SoundLevel? Hear()
    {
        _time.Advance(Tick);
        _meter.Advance(Tick);
        return _meter.Take();
    }

    /// <summary>Sends a sound and decodes all of it.</summary>
    /// <returns>The last reading.</returns>
    private SoundLevel HearSent(IReadOnlyList<byte[]> packets, uint serial = 1)
    {
        SoundLevel? last = null;
        foreach (var some in packets.Chunk(PacketsPerTick))
        {
            Send(some, serial);
            last = Hear();
        }
        return Assert.NotNull(last);
    }

    private static double Lufs(params double[] amplitudes) => 10 * Math.Log10(amplitudes.Sum(a => a * a) / 2);

    private static byte[] Bad(Random random, List<byte[]> sound)
    {
        var bytes =
            random.Next(4) == 0 ? new byte[random.Next(0, 4000)] : (byte[])sound[random.Next(sound.Count)].Clone();
        if (random.Next(2) == 0 || bytes.Length == 0)
            random.NextBytes(bytes);
        else
            for (var i = 0; i < 3; i++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    /// <summary>A tone of 997 Hz in packets of 20 ms.</summary>
    private static List<byte[]> Tone(int channels, double seconds, double amplitude)
    {
        OpusCodecFactory.AttemptToUseNativeLibrary = false;
        using var encoder = OpusCodecFactory.CreateEncoder(Rate, channels, OpusApplication.OPUS_APPLICATION_AUDIO);
        encoder.Bitrate = 128_000;
        var (pcm, packet) = (new float[960 * channels], new byte[1500]);
        var packets = new List<byte[]>();
        for (var at = 0; at < seconds * Rate; at += 960)
        {
            for (var i = 0; i < pcm.Length; i++)
                pcm[i] = (float)(amplitude * Math.Sin(2 * Math.PI * 997 * (at + i / channels) / Rate));
            packets.Add(packet.AsSpan(0, encoder.Encode(pcm, 960, packet, packet.Length)).ToArray());
        }
        return packets;
    }
}
