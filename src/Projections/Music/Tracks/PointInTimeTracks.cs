using Veza.Projections.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Music.Tracks;

/// <summary>Folds the rows of tracks as of a position.</summary>
internal static class PointInTimeTracks
{
    /// <summary>Folds tracks with their copies and waveforms, but without their counts.</summary>
    public static async Task FoldTracksAsync(this PointInTime past, IEnumerable<Guid> tracks, CancellationToken ct)
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        await past.FoldAsync(
            past.StreamsAsync(tracks, ct),
            past.Table(Folds.Of<TracksProjection>()),
            past.Table(Folds.Of<RenditionsProjection>()),
            past.Table(Folds.Of<WaveformsProjection>())
        );
    }
}
