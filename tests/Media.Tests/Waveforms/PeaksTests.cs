using Veza.Media.Waveforms;

namespace Veza.Media.Tests.Waveforms;

public sealed class PeaksTests
{
    [Fact]
    public void A_file_has_the_bytes_that_the_format_says()
    {
        var peaks = new Peaks(SampleRateHz: 44_100, SamplesPerPoint: 256, new sbyte[] { -1, 2, -128, 127 });
        byte[] expected =
        [
            .. (byte[])[0x02, 0x00, 0x00, 0x00],
            .. (byte[])[0x01, 0x00, 0x00, 0x00],
            .. (byte[])[0x44, 0xAC, 0x00, 0x00],
            .. (byte[])[0x00, 0x01, 0x00, 0x00],
            .. (byte[])[0x02, 0x00, 0x00, 0x00],
            .. (byte[])[0x01, 0x00, 0x00, 0x00],
            .. (byte[])[0xFF, 0x02, 0x80, 0x7F],
        ];
        Assert.Equal(expected, PeaksFile.Write(peaks));

        var read = PeaksFile.Read(expected);
        Assert.Equal((44_100, 256, 2), (read.SampleRateHz, read.SamplesPerPoint, read.Points));
        Assert.Equal(peaks.Extremes.ToArray(), read.Extremes.ToArray());
    }

    [Fact]
    public void A_file_that_is_cut_off_or_of_another_kind_is_not_read()
    {
        var file = PeaksFile.Write(new(8_000, 8, new sbyte[] { -1, 1, -2, 2 }));
        Assert.Throws<InvalidDataException>(() => PeaksFile.Read([]));
        Assert.Throws<InvalidDataException>(() => PeaksFile.Read(file.AsSpan(0, PeaksFile.HeaderBytes - 1)));
        Assert.Throws<InvalidDataException>(() => PeaksFile.Read(file.AsSpan(0, file.Length - 1)));
        for (var of = 0; of < 2; of++)
        {
            var other = file.ToArray();
            other[of * sizeof(int)]++;
            Assert.Throws<InvalidDataException>(() => PeaksFile.Read(other));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(1_000)]
    public void Samples_fold_to_the_same_peaks_in_any_portions(int samplesPerPoint)
    {
        const int Seed = 20261130;
        var random = new Random(Seed);
        var samples = new short[10_007];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = (short)random.Next(short.MinValue, short.MaxValue + 1);
        var fold = new PeakFold(48_000, samplesPerPoint);
        for (var at = 0; at < samples.Length; )
        {
            var taken = Math.Min(samples.Length - at, random.Next(0, 300));
            fold.Add(samples.AsSpan(at, taken));
            at += taken;
        }

        var expected = samples
            .Chunk(samplesPerPoint)
            .SelectMany(stretch => (sbyte[])[(sbyte)(stretch.Min() / 256), (sbyte)(stretch.Max() / 256)]);
        Assert.Equal(expected, fold.Finish().Extremes.ToArray());
    }

    [Fact]
    public void Coarser_peaks_are_the_peaks_of_longer_stretches()
    {
        var fine = new Peaks(8_000, 8, new sbyte[] { -1, 2, -3, 1, -2, 9, 0, 4, 5, 6 });
        var coarse = fine.Coarser(2);
        Assert.Equal((8_000, 16, 3), (coarse.SampleRateHz, coarse.SamplesPerPoint, coarse.Points));
        Assert.Equal([-3, 2, -2, 9, 5, 6], coarse.Extremes.ToArray());
    }
}
