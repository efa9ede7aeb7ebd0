namespace Veza.Media.Live;

/// <summary>The level of a sound at a moment. Always finite.</summary>
/// <param name="SamplePeakDbfs">
/// The largest sample of any channel since the reading before, in dBFS. The sound may peak higher between two samples:
/// this is no true peak.
/// </param>
/// <param name="MomentaryLufs">Loudness of the last 400 ms, all channels together, ungated.</param>
public readonly record struct SoundLevel(double SamplePeakDbfs, double MomentaryLufs)
{
    /// <summary>The reading of silence, in both: below the absolute gate of BS.1770 nothing counts as sound.</summary>
    public const double FloorDb = -70;
}
