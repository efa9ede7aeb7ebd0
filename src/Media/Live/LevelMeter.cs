namespace Veza.Media.Live;

/// <summary>Measures PCM of 48 kHz, mono or stereo: sample peak and momentary loudness.</summary>
/// <remarks>
/// ITU-R BS.1770-5, annex 1, and EBU Tech 3341: K-weighting, then the mean square over 400 ms. Both channels weigh 1.
/// Adding and reading allocate nothing. For one thread at a time.
/// </remarks>
public sealed class LevelMeter
{
    public const int SampleRateHz = 48_000;

    /// <summary>10 ms: how much older than the newest sample the end of the window may be.</summary>
    private const int BlockFrames = SampleRateHz / 100;

    /// <summary>400 ms.</summary>
    private const int WindowBlocks = 40;

    /// <summary>The gain of K-weighting at 997 Hz, which stated loudness excludes.</summary>
    private const double OffsetDb = -0.691;

    private readonly KWeighting[] _filters;
    private readonly double[] _blocks = new double[WindowBlocks];
    private int _oldest;
    private int _framesInBlock;
    private double _energy;
    private float _peak;

    /// <param name="channels">1 or 2.</param>
    public LevelMeter(int channels)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(channels is 1 or 2, true, nameof(channels));
        _filters = new KWeighting[channels];
    }

    public int Channels => _filters.Length;

    /// <param name="pcm">
    /// Interleaved samples, frames × channels, full scale ±1.0. A sample that is not a finite number counts as 0.
    /// </param>
    public void Add(ReadOnlySpan<float> pcm)
    {
        var frames = pcm.Length / Channels;
        for (var at = 0; at < frames; )
        {
            var count = Math.Min(frames - at, BlockFrames - _framesInBlock);
            var some = pcm.Slice(at * Channels, count * Channels);
            for (var channel = 0; channel < Channels; channel++)
                AddChannel(some, channel);
            at += count;
            _framesInBlock += count;
            if (_framesInBlock == BlockFrames)
                EndBlock();
        }
    }

    /// <summary>Reads the meter and starts the next peak. Before the first sound it reads silence.</summary>
    public SoundLevel Take()
    {
        var energy = 0.0;
        foreach (var block in _blocks)
            energy += block;
        var peak = 20 * Math.Log10(_peak);
        var momentary = OffsetDb + 10 * Math.Log10(energy / (WindowBlocks * BlockFrames));
        _peak = 0;
        return new(Math.Max(SoundLevel.FloorDb, peak), Math.Max(SoundLevel.FloorDb, momentary));
    }

    /// <summary>Resets to the initial state, for another sound.</summary>
    public void Reset()
    {
        Array.Clear(_filters);
        Array.Clear(_blocks);
        _oldest = 0;
        _framesInBlock = 0;
        _energy = 0;
        _peak = 0;
    }

    private void AddChannel(ReadOnlySpan<float> pcm, int channel)
    {
        ref var filter = ref _filters[channel];
        for (var i = channel; i < pcm.Length; i += Channels)
        {
            var sample = float.IsFinite(pcm[i]) ? pcm[i] : 0;
            _peak = Math.Max(_peak, Math.Abs(sample));
            var weighted = filter.Next(sample);
            _energy += weighted * weighted;
        }
    }

    private void EndBlock()
    {
        _blocks[_oldest] = _energy;
        _oldest = (_oldest + 1) % WindowBlocks;
        _energy = 0;
        _framesInBlock = 0;
        foreach (ref var filter in _filters.AsSpan())
            filter.FlushDenormals();
    }

    /// <summary>A high shelf and then a high pass, each in the transposed direct form II.</summary>
    /// <remarks>Coefficients for 48 kHz: BS.1770-5, annex 1, tables 1 and 2.</remarks>
    private struct KWeighting
    {
        private double _shelf1;
        private double _shelf2;
        private double _pass1;
        private double _pass2;

        public double Next(double x)
        {
            var shelf = 1.53512485958697 * x + _shelf1;
            _shelf1 = -2.69169618940638 * x + 1.69065929318241 * shelf + _shelf2;
            _shelf2 = 1.19839281085285 * x - 0.73248077421585 * shelf;
            var pass = shelf + _pass1;
            _pass1 = -2 * shelf + 1.99004745483398 * pass + _pass2;
            _pass2 = shelf - 0.99007225036621 * pass;
            return pass;
        }

        /// <summary>In silence the state fades into denormal numbers, which processors calculate slowly.</summary>
        public void FlushDenormals()
        {
            const double Inaudible = 1e-30;
            if (Math.Abs(_shelf1) < Inaudible)
                _shelf1 = 0;
            if (Math.Abs(_shelf2) < Inaudible)
                _shelf2 = 0;
            if (Math.Abs(_pass1) < Inaudible)
                _pass1 = 0;
            if (Math.Abs(_pass2) < Inaudible)
                _pass2 = 0;
        }
    }
}
