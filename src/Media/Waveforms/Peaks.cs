namespace Veza.Media.Waveforms;

/// <summary>The lowest and the highest sample of each stretch of a sound, all channels mixed to one.</summary>
/// <param name="SamplesPerPoint">The length of a stretch; the last one may be shorter.</param>
/// <param name="Extremes">Lowest and highest of the first stretch, then of the second …; −128 to 127.</param>
public sealed record Peaks(int SampleRateHz, int SamplesPerPoint, ReadOnlyMemory<sbyte> Extremes)
{
    public int Points => Extremes.Length / 2;

    /// <returns>Peaks of stretches that are <paramref name="factor"/> times as long.</returns>
    public Peaks Coarser(int factor)
    {
        var fine = Extremes.Span;
        var coarse = new sbyte[(Points + factor - 1) / factor * 2];
        for (var point = 0; point < coarse.Length / 2; point++)
        {
            var low = sbyte.MaxValue;
            var high = sbyte.MinValue;
            var end = Math.Min(fine.Length, (point + 1) * factor * 2);
            for (var i = point * factor * 2; i < end; i += 2)
            {
                low = Math.Min(low, fine[i]);
                high = Math.Max(high, fine[i + 1]);
            }
            coarse[point * 2] = low;
            coarse[point * 2 + 1] = high;
        }
        return new(SampleRateHz, SamplesPerPoint * factor, coarse);
    }
}
