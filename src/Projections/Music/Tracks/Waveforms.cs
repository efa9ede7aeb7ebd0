using Veza.Domain.Music.Tracks;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Tracks;

/// <summary>The stored peaks of a track at one level of detail.</summary>
public sealed record WaveformRow(Guid TrackId, string Level, int SamplesPerPoint, int Points, long Bytes);

public sealed class WaveformsProjection : Projection<WaveformRow, (Guid TrackId, string Level)>
{
    public const string ProjectionName = "music.waveforms.v1";

    public override string Name => ProjectionName;

    public WaveformsProjection() =>
        Identities<TrackProcessed>(e => (e.Waveforms ?? []).Select(w => (e.TrackId, w.Level)));

    public static WaveformRow Create(TrackProcessed e, (Guid TrackId, string Level) key)
    {
        var made = e.Waveforms!.First(w => w.Level == key.Level);
        return new(e.TrackId, made.Level, made.SamplesPerPoint, made.Points, made.Bytes);
    }
}
