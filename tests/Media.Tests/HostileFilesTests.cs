using System.Globalization;

namespace Veza.Media.Tests;

/// <summary>A declaration beyond a limit is refused with its value and the limit, before any work.</summary>
public sealed class HostileFilesTests(SoundFiles sounds)
{
    private readonly AudioProbe _probe = new(TimeProvider.System);

    private async Task<AudioRejected> RejectedAsync(byte[] file) =>
        Assert.IsType<AudioRejected>(
            await _probe.ProbeAsync(await sounds.WriteAsync("", file), TestContext.Current.CancellationToken)
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(20)]
    public async Task An_index_that_names_more_packets_than_the_file_has_bytes_is_refused_as_too_complex(int tracks)
    {
        var file = HostileFiles.Mp4(tracks, samples: 80_000_000);
        var rejected = await RejectedAsync(file);
        Assert.Equal(ProbeCodes.TooComplex, rejected.Code);
        Assert.Contains(
            $"80,000,000 packets of sound in {file.Length.ToString("N0", CultureInfo.InvariantCulture)} bytes",
            rejected.Detail
        );
    }

    [Fact]
    public async Task More_streams_than_a_sound_has_are_too_complex()
    {
        var rejected = await RejectedAsync(HostileFiles.Mp4(ExternalTool.StreamsMax + 1, samples: 500));
        Assert.Equal(ProbeCodes.TooComplex, rejected.Code);
        Assert.Contains("memory", rejected.Detail);
    }

    [Theory]
    [InlineData(1, "1")]
    [InlineData(7_999, "7,999")]
    [InlineData(384_001, "384,001")]
    public async Task A_sample_rate_out_of_bounds_is_refused_with_the_bounds(int sampleRateHz, string named)
    {
        var file = HostileFiles.Flac(sampleRateHz, samplesDeclared: 65_535, frames: 1);
        Assert.Equal(55, file.Length);
        var rejected = await RejectedAsync(file);
        Assert.Equal(ProbeCodes.SoundOutOfBounds, rejected.Code);
        Assert.Equal($"The sound has {named} samples a second; 8,000 to 384,000 are taken.", rejected.Detail);
    }

    [Fact]
    public async Task More_channels_than_a_room_has_loudspeakers_are_refused()
    {
        var path = await sounds.MakeAsync("channels.wav", 1, "-ac", "16");
        var rejected = Assert.IsType<AudioRejected>(
            await _probe.ProbeAsync(path, TestContext.Current.CancellationToken)
        );
        Assert.Equal(
            (ProbeCodes.SoundOutOfBounds, "The sound has 16 channels; at most 8 are taken."),
            (rejected.Code, rejected.Detail)
        );
    }

    [Fact]
    public async Task A_declared_length_beyond_the_limit_is_refused_before_it_is_decoded()
    {
        // 99 days at 8 kHz, without a single frame.
        var rejected = await RejectedAsync(HostileFiles.Flac(8_000, samplesDeclared: 0xF_FFFF_FFFF, frames: 1));
        Assert.Equal(
            (ProbeCodes.TooLong, "The sound lasts 8,589,935 s or more; at most 43,200 s are taken."),
            (rejected.Code, rejected.Detail)
        );
    }

    [Fact]
    public async Task A_length_that_nothing_declares_is_refused_as_soon_as_so_much_is_decoded()
    {
        var rejected = await RejectedAsync(HostileFiles.Flac(8_000, samplesDeclared: 0, frames: 6_000));
        Assert.Equal(
            (ProbeCodes.TooLong, "The sound lasts 43,201 s or more; at most 43,200 s are taken."),
            (rejected.Code, rejected.Detail)
        );
    }

    [Fact]
    public async Task Hours_of_sound_in_a_few_bytes_are_too_complex()
    {
        var rejected = await RejectedAsync(HostileFiles.Flac(8_000, samplesDeclared: 400 * 65_535, frames: 400));
        Assert.Equal(ProbeCodes.TooComplex, rejected.Code);
        Assert.Contains("The file holds 3,277 s of sound in", rejected.Detail);
        Assert.EndsWith("a second takes at least 20.", rejected.Detail);
    }

    [Fact]
    public void More_decoded_bytes_than_a_long_set_has_are_too_complex()
    {
        var sound = new AudioFacts(
            DurationMs: 3 * 3_600_000,
            "flac",
            "flac",
            384_000,
            8,
            BitRateKbps: 0,
            null,
            null,
            null
        );
        var rejected = SoundBounds.Refuse(sound, fileBytes: 500 << 20);
        Assert.Equal(
            new AudioRejected(
                ProbeCodes.TooComplex,
                "The sound is 132,710,400,000 bytes when decoded; at most 34,359,738,368 are taken."
            ),
            rejected
        );
        Assert.Null(
            SoundBounds.Refuse(
                sound with
                {
                    SampleRateHz = 48_000,
                    Channels = 2,
                    DurationMs = 12 * 3_600_000,
                },
                fileBytes: 500 << 20
            )
        );
    }

    [Fact]
    public async Task A_copy_of_what_the_log_says_lasts_longer_than_a_timer_can_hold_is_refused_and_not_begun()
    {
        var facts = new AudioFacts(
            (long)TimeSpan.FromDays(60).TotalMilliseconds,
            "flac",
            "flac",
            48_000,
            2,
            0,
            null,
            null,
            null
        );
        var copy = sounds.NewPath("");
        var made = await new Transcoder(TimeProvider.System).MakeAsync(
            await sounds.MakeAsync("short.wav", 1),
            facts,
            TranscodeTarget.Opus,
            copy,
            null,
            TestContext.Current.CancellationToken
        );
        var failed = Assert.IsType<TranscodeFailed>(made);
        Assert.Equal(
            (TranscodeCodes.OverLimit, "The sound lasts 5,184,000 s; copies of at most 43,200 s are made."),
            (failed.Code, failed.Detail)
        );
        Assert.False(File.Exists(copy));
    }

    [Fact]
    public async Task A_copy_ends_where_its_original_was_measured_to_end()
    {
        var path = await sounds.MakeAsync("twenty.wav", 20);
        var facts = Assert.IsType<AudioFacts>(await _probe.ProbeAsync(path, TestContext.Current.CancellationToken));
        var copy = sounds.NewPath("");
        Assert.IsType<Transcoded>(
            await new Transcoder(TimeProvider.System).MakeAsync(
                path,
                facts with
                {
                    DurationMs = 3_000,
                },
                TranscodeTarget.Mp3,
                copy,
                null,
                TestContext.Current.CancellationToken
            )
        );
        var seen = Assert.IsType<AudioFacts>(await _probe.ProbeAsync(copy, TestContext.Current.CancellationToken));
        Assert.InRange(seen.DurationMs, 3_900, 4_100);
    }
}
