namespace Veza.Media.Tests;

public sealed class AudioProbeTests(SoundFiles sounds)
{
    private readonly AudioProbe _probe = new(TimeProvider.System);

    public static TheoryData<string, string, string, string> Formats =>
        new()
        {
            { "a.wav", "pcm_s16le", "wav", "-c:a pcm_s16le" },
            { "a24.wav", "pcm_s24le", "wav", "-c:a pcm_s24le" },
            { "a.aiff", "pcm_s16be", "aiff", "-c:a pcm_s16be" },
            { "a.flac", "flac", "flac", "-c:a flac" },
            { "alac.m4a", "alac", "mp4", "-c:a alac" },
            { "a.mp3", "mp3", "mp3", "-c:a libmp3lame -b:a 192k" },
            { "vbr.mp3", "mp3", "mp3", "-c:a libmp3lame -q:a 2 -write_id3v1 1" },
            { "plain.mp3", "mp3", "mp3", "-c:a libmp3lame -write_xing 0" },
            { "aac.m4a", "aac", "mp4", "-c:a aac" },
            { "start.m4a", "aac", "mp4", "-c:a aac -movflags +faststart" },
            { "a.aac", "aac", "aac", "-c:a aac -f adts" },
            { "vorbis.ogg", "vorbis", "ogg", "-c:a libvorbis" },
            { "a.opus", "opus", "ogg", "-c:a libopus" },
            { "flac.oga", "flac", "ogg", "-c:a flac" },
        };

    private Task<string> Make(string name, string options) =>
        sounds.MakeAsync(
            name,
            4,
            [
                .. options.Split(' '),
                "-metadata",
                "title=Ein Lied",
                "-metadata",
                "artist=Žofie",
                "-metadata",
                "album=Первый",
            ]
        );

    private async Task<AudioFacts> Facts(string path) =>
        Assert.IsType<AudioFacts>(await _probe.ProbeAsync(path, CancellationToken.None));

    private async Task<AudioRejected> Rejected(string path) =>
        Assert.IsType<AudioRejected>(await _probe.ProbeAsync(path, CancellationToken.None));

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Every_format_is_known_by_its_content(string name, string codec, string container, string options)
    {
        var unnamed = await sounds.WriteAsync("", await File.ReadAllBytesAsync(await Make(name, options)));
        var facts = await Facts(unnamed);
        Assert.Equal((codec, container, 48000, 2), (facts.Codec, facts.Container, facts.SampleRateHz, facts.Channels));
        Assert.InRange(facts.DurationMs, 3950, 4100);
        Assert.InRange(facts.BitRateKbps, 20, 2400);
        // ADTS has no tags, and ffmpeg writes only the title to AIFF unless asked for ID3.
        if (container is "aac")
            return;
        Assert.Equal("Ein Lied", facts.Title);
        if (container is "aiff")
            return;
        Assert.Equal(("Žofie", "Первый"), (facts.Artist, facts.Album));
    }

    /// <summary>Bare AAC (ADTS) declares no length, so a cut cannot be detected.</summary>
    public static TheoryData<string, string, string, string> FormatsThatTell =>
        [.. Formats.Where(f => f.Data.Item3 != "aac")];

    [Theory]
    [MemberData(nameof(FormatsThatTell))]
    public async Task A_file_cut_off_is_refused_as_truncated(
        string name,
        string codec,
        string container,
        string options
    )
    {
        var file = await File.ReadAllBytesAsync(await Make(name, options));
        foreach (var part in (double[])[0.5, 0.9])
        {
            var path = await sounds.WriteAsync("", file.AsMemory(0, (int)(file.Length * part) | 1));
            var seen = await _probe.ProbeAsync(path, CancellationToken.None);
            Assert.True(
                seen is AudioRejected { Code: ProbeCodes.TruncatedAudio },
                $"{codec} in {container} cut at {part}: {seen}"
            );
        }
    }

    [Fact]
    public async Task Text_with_a_sound_files_name_is_not_audio()
    {
        var rejected = await Rejected(
            await sounds.WriteAsync(".mp3", "This is only a letter, and a short one.\n"u8.ToArray())
        );
        Assert.Equal(ProbeCodes.NotAudio, rejected.Code);
        Assert.DoesNotContain(sounds.Folder, rejected.Detail);
    }

    [Fact]
    public async Task A_playlist_that_names_other_files_is_not_followed()
    {
        var other = await Make("a.wav", "-c:a pcm_s16le");
        var list = $"ffconcat version 1.0\nfile {Path.GetFileName(other)}\n";
        Assert.Equal(
            ProbeCodes.NotAudio,
            (await Rejected(await sounds.WriteAsync(".mp3", System.Text.Encoding.UTF8.GetBytes(list)))).Code
        );
    }

    [Fact]
    public async Task Noise_and_nothing_are_not_audio()
    {
        var noise = new byte[300_000];
        new Random(7).NextBytes(noise);
        Assert.Equal(ProbeCodes.NotAudio, (await Rejected(await sounds.WriteAsync(".wav", noise))).Code);
        Assert.Equal(ProbeCodes.NotAudio, (await Rejected(await sounds.WriteAsync(".wav", default))).Code);
    }

    [Fact]
    public async Task A_video_is_refused()
    {
        var path = await sounds.MakeAsync(
            "video.mp4",
            2,
            "-f",
            "lavfi",
            "-i",
            "testsrc=d=2:s=160x120",
            "-map",
            "0",
            "-map",
            "1",
            "-c:v",
            "mpeg4",
            "-c:a",
            "aac"
        );
        Assert.Equal(ProbeCodes.HasVideo, (await Rejected(path)).Code);
    }

    [Theory]
    [InlineData("cover.mp3", "libmp3lame")]
    [InlineData("cover.m4a", "aac")]
    [InlineData("cover.flac", "flac")]
    public async Task A_cover_picture_is_no_video(string name, string codec)
    {
        var path = await sounds.MakeAsync(
            name,
            2,
            "-f",
            "lavfi",
            "-i",
            "testsrc=d=0.04:s=160x120",
            "-map",
            "0",
            "-map",
            "1",
            "-c:v",
            "mjpeg",
            "-disposition:v",
            "attached_pic",
            "-frames:v",
            "1",
            "-c:a",
            codec
        );
        Assert.InRange((await Facts(path)).DurationMs, 1950, 2100);
    }

    [Fact]
    public async Task Sound_coded_otherwise_is_refused_by_the_codecs_name()
    {
        var rejected = await Rejected(await sounds.MakeAsync("adpcm.wav", 1, "-c:a", "adpcm_ms"));
        Assert.Equal(ProbeCodes.UnsupportedCodec, rejected.Code);
        Assert.Contains("adpcm_ms", rejected.Detail);
    }

    [Fact]
    public async Task Looking_takes_no_longer_than_it_may()
    {
        var probe = new AudioProbe(TimeProvider.System, TimeSpan.FromTicks(1));
        var rejected = Assert.IsType<AudioRejected>(
            await probe.ProbeAsync(await Make("a.wav", "-c:a pcm_s16le"), CancellationToken.None)
        );
        Assert.Equal(ProbeCodes.ProbeTimeout, rejected.Code);
    }

    [Fact]
    public async Task A_cancelled_look_is_no_answer()
    {
        var path = await Make("a.wav", "-c:a pcm_s16le");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _probe.ProbeAsync(path, new CancellationToken(canceled: true))
        );
    }
}
