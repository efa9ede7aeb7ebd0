using Veza.Domain.Music.Tracks;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Topics;

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

    /// <summary>Folds the counts of tracks.</summary>
    public static Task FoldCountsAsync(this PointInTime past, IEnumerable<Guid> tracks, CancellationToken ct) =>
        past.FoldAsync(
            past.TopicsAsync([.. tracks.Select(Topic.Track)], ct),
            past.Table(Folds.Of<TrackCountsProjection>())
        );

    /// <summary>
    /// Folds the tracks that an account uploaded last before a position, with their counts. Failed ones that are not
    /// asked for are folded beside them.
    /// </summary>
    public static async Task FoldUploadsAsync(
        this PointInTime past,
        Guid owner,
        bool withFailed,
        long before,
        int limit,
        CancellationToken ct
    )
    {
        var tracks = past.Table(Folds.Of<TracksProjection>());
        var (cursor, shown) = (before, new List<Guid>());
        while (true)
        {
            var uploads = await past.NearestStreamsAsync<TrackUploaded>(
                Topic.Activity(owner),
                cursor,
                older: true,
                limit,
                ct
            );
            await past.FoldTracksAsync(uploads.ConvertAll(u => u.Stream), ct);
            // Another page of the same request may have folded newer ones, or another account's.
            shown =
            [
                .. tracks
                    .Rows.Where(t => t.OwnerId == owner && t.Position < before)
                    .Where(t => withFailed || t.Status != TrackStatus.Failed)
                    .Select(t => t.TrackId),
            ];
            if (uploads.Count < limit || shown.Count >= limit)
                break;
            cursor = uploads[^1].Position;
        }
        await past.FoldCountsAsync(shown, ct);
    }
}
