using System.Numerics;
using System.Runtime.InteropServices;

namespace Veza.Media.Waveforms;

/// <summary>Folds samples into peaks as they come. Its memory is the peaks alone. For one thread.</summary>
internal sealed class PeakFold(int sampleRateHz, int samplesPerPoint)
{
    /// <summary>16-bit samples become 8-bit peaks: a screen has fewer lines than a byte has values.</summary>
    private const int Scale = 256;

    private readonly List<sbyte> _extremes = [];
    private int _samples;
    private short _low = short.MaxValue;
    private short _high = short.MinValue;

    public void Add(ReadOnlySpan<short> samples)
    {
        while (!samples.IsEmpty)
        {
            var stretch = samples[..Math.Min(samples.Length, samplesPerPoint - _samples)];
            Widen(stretch);
            _samples += stretch.Length;
            if (_samples == samplesPerPoint)
                EndPoint();
            samples = samples[stretch.Length..];
        }
    }

    /// <returns>The peaks of all samples; the rest after the last whole stretch is a point too.</returns>
    public Peaks Finish()
    {
        if (_samples > 0)
            EndPoint();
        return new(sampleRateHz, samplesPerPoint, _extremes.ToArray());
    }

    private void Widen(ReadOnlySpan<short> samples)
    {
        var vectors = MemoryMarshal.Cast<short, Vector<short>>(samples);
        if (!vectors.IsEmpty)
        {
            var lows = vectors[0];
            var highs = vectors[0];
            foreach (var vector in vectors[1..])
            {
                lows = Vector.Min(lows, vector);
                highs = Vector.Max(highs, vector);
            }
            for (var lane = 0; lane < Vector<short>.Count; lane++)
            {
                _low = Math.Min(_low, lows[lane]);
                _high = Math.Max(_high, highs[lane]);
            }
        }
        foreach (var sample in samples[(vectors.Length * Vector<short>.Count)..])
        {
            _low = Math.Min(_low, sample);
            _high = Math.Max(_high, sample);
        }
    }

    private void EndPoint()
    {
        _extremes.Add((sbyte)(_low / Scale));
        _extremes.Add((sbyte)(_high / Scale));
        _samples = 0;
        _low = short.MaxValue;
        _high = short.MinValue;
    }
}
