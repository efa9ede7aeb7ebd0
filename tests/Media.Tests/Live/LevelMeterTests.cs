using System.Globalization;
using System.Runtime.InteropServices;
using Veza.Media.Live;
using Veza.Media.Tests.Formats;

namespace Veza.Media.Tests.Live;

/// <summary>Compares the meter with the standard's values and with ffmpeg's meter.</summary>
public sealed class LevelMeterTests(SoundFiles sounds)
{
    private const int Rate = LevelMeter.SampleRateHz;

    /// <summary>A window may end up to 10 ms earlier, and the loudness changes by 10 dB a second.</summary>
    private const double ToleranceLu = 0.2;

    [Fact]
    public void A_sine_of_997_Hz_at_full_scale_in_one_channel_is_minus_3_LUFS()
    {
        // ITU-R BS.1770-5, annex 1: -3.01 LKFS.
        Assert.Equal(-3.01, Measure(1, Sine(997, 1, seconds: 1)).MomentaryLufs, 0.02);
        Assert.Equal(-3.01, Measure(2, Interleave(Sine(997, 1, 1), new float[Rate])).MomentaryLufs, 0.02);
        Assert.Equal(0, Measure(2, Interleave(Sine(997, 1, 1), Sine(997, 1, 1))).MomentaryLufs, 0.02);
    }

    [Theory]
    [InlineData(-23)]
    [InlineData(-33)]
    [InlineData(-69)]
    public void A_stereo_sine_of_1_kHz_reads_as_its_peak(double db)
    {
        // EBU Tech 3341, cases 1 and 2.
        var tone = Sine(1000, Math.Pow(10, db / 20), seconds: 1);
        var level = Measure(2, Interleave(tone, tone));
        Assert.Equal(db, level.MomentaryLufs, 0.1);
        Assert.Equal(db, level.SamplePeakDbfs, 0.1);
    }

    [Theory]
    [InlineData("aevalsrc=0.5*sin(2*PI*440*t)|0.25*sin(2*PI*3000*t)", 2)]
    [InlineData("aevalsrc=0.8*sin(2*PI*60*t)+0.1*sin(2*PI*9000*t)", 1)]
    [InlineData("anoisesrc=c=pink:a=0.6:seed=7", 1)]
    [InlineData("aevalsrc=(0.05+0.4*abs(sin(PI*t)))*sin(2*PI*(200+300*t)*t)|0.3*sin(2*PI*1200*t)*sin(PI*t/2)", 2)]
    public async Task It_reads_what_ffmpeg_reads_ten_times_a_second(string source, int channels)
    {
        var (read, pcm) = (sounds.NewPath(".txt"), sounds.NewPath(".f32"));
        var rate = source.Contains("noise", StringComparison.Ordinal) ? "r" : "s";
        await SoundFiles.RunAsync([
            "-f",
            "lavfi",
            "-i",
            $"{source}:{rate}=48000:d=4",
            "-af",
            $"ebur128=metadata=1:peak=sample,ametadata=mode=print:file={read}",
            "-c:a",
            "pcm_f32le",
            "-f",
            "f32le",
            pcm,
        ]);
        var momentary = await ValuesAsync(read, "M");
        var peaks = (await ValuesAsync(read, "sample_peak")).ConvertAll(peak => 20 * Math.Log10(peak));
        var samples = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(pcm)).ToArray();

        var meter = new LevelMeter(channels);
        var peak = SoundLevel.FloorDb;
        var tenth = Rate / 10 * channels;
        for (var i = 0; i < momentary.Count; i++)
        {
            meter.Add(samples.AsSpan(i * tenth, tenth));
            var level = meter.Take();
            peak = Math.Max(peak, level.SamplePeakDbfs);
            // Before the first whole window ffmpeg prints nothing.
            if (i >= 4)
                Assert.Equal(momentary[i], level.MomentaryLufs, ToleranceLu);
        }
        Assert.InRange(momentary.Count, 39, 40);
        Assert.Equal(peaks[^1], peak, 0.05);
    }

    [Fact]
    public void Silence_nothing_and_what_is_no_number_read_as_the_floor()
    {
        var floor = new SoundLevel(SoundLevel.FloorDb, SoundLevel.FloorDb);
        Assert.Equal(floor, new LevelMeter(2).Take());
        Assert.Equal(floor, Measure(2, new float[Rate * 2]));
        float[] noNumbers = [.. Enumerable.Repeat(float.NaN, Rate), float.PositiveInfinity, float.NegativeInfinity];
        Assert.Equal(floor, Measure(1, noNumbers));
    }

    [Fact]
    public void A_NaN_does_not_affect_later_sound()
    {
        var meter = new LevelMeter(1);
        meter.Add([float.NaN, float.PositiveInfinity, float.MaxValue]);
        meter.Add(Sine(997, 1, seconds: 3));
        meter.Take();
        meter.Add(Sine(997, 1, seconds: 1));
        var level = meter.Take();
        Assert.Equal(-3.01, level.MomentaryLufs, 0.02);
        Assert.Equal(0, level.SamplePeakDbfs, 0.01);
    }

    [Fact]
    public void However_the_sound_is_cut_the_reading_is_the_same()
    {
        var tone = Interleave(Sine(440, 0.7, 1), Sine(331, 0.2, 1));
        var whole = Measure(2, tone);
        var random = new Random(Framing.NewSeed());
        var meter = new LevelMeter(2);
        for (var at = 0; at < tone.Length; )
        {
            var frames = Math.Min(random.Next(1, 3000), (tone.Length - at) / 2);
            meter.Add(tone.AsSpan(at, frames * 2));
            at += frames * 2;
        }
        var level = meter.Take();
        Assert.Equal(whole.SamplePeakDbfs, level.SamplePeakDbfs);
        // The squares are summed in another order.
        Assert.Equal(whole.MomentaryLufs, level.MomentaryLufs, 1e-9);
    }

    [Fact]
    public void The_peak_is_of_what_came_since_the_reading_before_and_the_loudness_of_400_ms()
    {
        var meter = new LevelMeter(1);
        meter.Add(Sine(997, 1, seconds: 1));
        Assert.Equal(0, meter.Take().SamplePeakDbfs, 0.01);
        meter.Add(new float[Rate / 5]);
        var half = meter.Take();
        // Half of the window is silent, which is 3 dB less.
        Assert.Equal(-6.02, half.MomentaryLufs, 0.1);
        Assert.Equal(SoundLevel.FloorDb, half.SamplePeakDbfs);
        meter.Add(new float[Rate]);
        Assert.Equal(SoundLevel.FloorDb, meter.Take().MomentaryLufs);
    }

    [Fact]
    public void Measuring_allocates_nothing()
    {
        var tone = Sine(440, 0.5, 1);
        var meter = new LevelMeter(1);
        meter.Add(tone);
        meter.Take();
        var before = GC.GetAllocatedBytesForCurrentThread();
        meter.Add(tone);
        meter.Take();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static SoundLevel Measure(int channels, float[] pcm)
    {
        var meter = new LevelMeter(channels);
        meter.Add(pcm);
        return meter.Take();
    }

    private static float[] Sine(double hz, double amplitude, int seconds) =>
        [
            .. Enumerable
                .Range(0, Rate * seconds)
                .Select(i => (float)(amplitude * Math.Sin(2 * Math.PI * hz * i / Rate))),
        ];

    private static float[] Interleave(float[] left, float[] right) =>
        [.. left.Zip(right).SelectMany(pair => new[] { pair.First, pair.Second })];

    private static async Task<List<double>> ValuesAsync(string path, string key) =>
        [
            .. (await File.ReadAllLinesAsync(path))
                .Where(line => line.StartsWith($"lavfi.r128.{key}=", StringComparison.Ordinal))
                .Select(line => double.Parse(line.Split('=')[1], CultureInfo.InvariantCulture)),
        ];
}
