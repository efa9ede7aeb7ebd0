using System.Diagnostics;
using System.Globalization;
using Veza.Media.Waveforms;

namespace Veza.Media.Tests.Waveforms;

public sealed class WaveformMakerTests(SoundFiles sounds)
{
    private readonly WaveformMaker _maker = new(TimeProvider.System);

    /// <param name="expression">ffmpeg's aevalsrc: a sample by its time t in seconds, a channel after each bar.</param>
    private async Task<(string Path, AudioFacts Facts)> SoundAsync(
        string expression,
        double seconds,
        string name = ".flac",
        int sampleRateHz = 44_100
    )
    {
        var path = sounds.NewPath(name);
        var source = string.Create(
            CultureInfo.InvariantCulture,
            $"aevalsrc={expression.Replace(",", "\\,", StringComparison.Ordinal)}:s={sampleRateHz}:d={seconds}"
        );
        await SoundFiles.RunAsync(["-f", "lavfi", "-i", source, path]);
        var probe = await new AudioProbe(TimeProvider.System).ProbeAsync(path, CancellationToken.None);
        return (path, Assert.IsType<AudioFacts>(probe));
    }

    private async Task<WaveformsMade> MadeAsync((string Path, AudioFacts Facts) sound) =>
        Assert.IsType<WaveformsMade>(
            await _maker.MakeAsync(sound.Path, sound.Facts, TestContext.Current.CancellationToken)
        );

    /// <summary>The peaks of a part of a sound, without its edges.</summary>
    private static (int Low, int High) Between(Peaks peaks, double fromS, double toS)
    {
        var pointS = (double)peaks.SamplesPerPoint / peaks.SampleRateHz;
        var from = (int)Math.Ceiling(fromS / pointS) + 1;
        var to = (int)(toS / pointS) - 1;
        var part = peaks.Extremes[(from * 2)..(to * 2)].ToArray();
        return (part.Min(), part.Max());
    }

    [Fact]
    public async Task Silence_and_loud_parts_of_a_flac_are_where_they_are_heard()
    {
        var made = await MadeAsync(await SoundAsync("if(between(t,2,4),0.5*sin(2*PI*440*t),0)", seconds: 6));
        foreach (var peaks in (Peaks[])[made.Overview, made.Fine])
        {
            Assert.Equal((0, 0), Between(peaks, 0, 2));
            Assert.Equal((0, 0), Between(peaks, 4, 6));
            var (low, high) = Between(peaks, 2, 4);
            Assert.InRange(low, -65, -63);
            Assert.InRange(high, 63, 65);
        }
    }

    [Theory]
    [InlineData("0.8*sin(2*PI*440*t)", 102)]
    [InlineData("0.8*sin(2*PI*440*t)|0.8*sin(2*PI*440*t)", 102)]
    [InlineData("0.8*sin(2*PI*440*t)|0", 51)]
    public async Task Channels_are_mixed_to_their_average(string expression, int peak)
    {
        var (low, high) = Between((await MadeAsync(await SoundAsync(expression, seconds: 2))).Overview, 0, 2);
        Assert.InRange(low, -peak - 1, -peak + 2);
        Assert.InRange(high, peak - 2, peak + 1);
    }

    [Theory]
    [InlineData(60, 44_100, ".flac")]
    [InlineData(20, 96_000, ".wav")]
    [InlineData(200, 8_000, ".mp3")]
    public async Task A_track_of_any_length_and_rate_has_about_as_many_points(
        int seconds,
        int sampleRateHz,
        string name
    )
    {
        var made = await MadeAsync(await SoundAsync("0.1*sin(2*PI*440*t)", seconds, name, sampleRateHz));
        Assert.Equal((sampleRateHz, sampleRateHz), (made.Overview.SampleRateHz, made.Fine.SampleRateHz));
        Assert.InRange(made.Overview.Points, WaveformMaker.OverviewPoints * 0.95, WaveformMaker.OverviewPoints + 2);
        Assert.Equal(made.Fine.SamplesPerPoint * WaveformMaker.FinePerOverview, made.Overview.SamplesPerPoint);
        var samples = (double)made.Fine.Points * made.Fine.SamplesPerPoint;
        Assert.InRange(samples / sampleRateHz, seconds - 0.1, seconds + 0.2);
    }

    [Fact]
    public async Task The_shortest_sound_has_a_waveform_too()
    {
        var made = await MadeAsync(await SoundAsync("0.5", seconds: 0.01, ".wav"));
        Assert.Equal(WaveformMaker.SamplesPerPointMin, made.Fine.SamplesPerPoint);
        Assert.Equal((56, 7), (made.Fine.Points, made.Overview.Points));
        Assert.All(made.Overview.Extremes.ToArray(), peak => Assert.InRange(peak, 63, 64));
    }

    [Fact]
    public async Task What_is_no_sound_takes_too_long_or_is_too_long_has_none()
    {
        var sound = await SoundAsync("0.5", seconds: 1, ".wav");
        var text = await sounds.WriteAsync("", "no sound"u8.ToArray());
        await FailsAsync(TranscodeCodes.Failed, _maker, text, sound.Facts);
        var hasty = new WaveformMaker(TimeProvider.System, TimeSpan.FromTicks(1));
        await FailsAsync(TranscodeCodes.Timeout, hasty, sound.Path, sound.Facts with { DurationMs = 0 });
        var longMs = (long)SoundBounds.DurationMax.TotalMilliseconds + 1;
        await FailsAsync(TranscodeCodes.OverLimit, _maker, sound.Path, sound.Facts with { DurationMs = longMs });

        static async Task FailsAsync(string code, WaveformMaker maker, string path, AudioFacts facts)
        {
            var failed = Assert.IsType<WaveformsFailed>(
                await maker.MakeAsync(path, facts, TestContext.Current.CancellationToken)
            );
            Assert.Equal(code, failed.Code);
        }
    }

    [Fact]
    public async Task Cancelled_it_leaves_no_process()
    {
        var sound = await SoundAsync("0.1*sin(2*PI*440*t)", seconds: 600, ".wav", 8_000);
        using var gone = new CancellationTokenSource();
        var making = _maker.MakeAsync(sound.Path, sound.Facts, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => making);
        Assert.DoesNotContain(Process.GetProcessesByName("ffmpeg"), p => CommandLine(p).Contains(sound.Path));
    }

    private static string CommandLine(Process process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline");
        }
        catch (IOException)
        {
            // Removed since it was listed.
            return "";
        }
    }
}
