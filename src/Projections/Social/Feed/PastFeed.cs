using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Live.Broadcasts;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Follows;

namespace Veza.Projections.Social.Feed;

internal static class PastFeed
{
    /// <summary>
    /// Whom the reader followed, what these did last, and the tracks and broadcasts of one page of it.
    /// </summary>
    public static async Task FoldFeedAsync(
        this PointInTime past,
        Guid reader,
        long before,
        int limit,
        CancellationToken ct
    )
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        var (follows, activities) = (
            past.Table(Folds.Of<FollowsProjection>()),
            past.Table(Folds.Of<ActivitiesProjection>())
        );
        await past.FoldAsync(past.TopicsAsync([$"access:{reader}"], ct), follows);
        string[] topics =
        [
            .. follows.Rows.SelectMany(f => new[] { $"activity:{f.FolloweeId}", $"withdrawn:{f.FolloweeId}" }),
        ];
        await past.FoldBackAsync(activities, topics, rows => rows.Count(a => a.Position < before) >= limit, ct);
        var subjects = activities
            .Rows.Where(a => a.Position < before)
            .OrderByDescending(a => a.Position)
            .Take(limit)
            .Select(a => a.SubjectId)
            .ToList();
        await past.FoldAsync(
            past.StreamsAsync(subjects, ct),
            past.Table(Folds.Of<TracksProjection>()),
            past.Table(Folds.Of<BroadcastsProjection>())
        );
    }
}
