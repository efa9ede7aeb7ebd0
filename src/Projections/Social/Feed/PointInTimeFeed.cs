using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Live.Broadcasts;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Follows;
using Veza.Projections.Topics;

namespace Veza.Projections.Social.Feed;

/// <summary>Folds the rows that feeds as of a position read.</summary>
internal static class PointInTimeFeed
{
    /// <summary>
    /// Folds the accounts the reader followed, their latest activities, and the tracks and broadcasts of one page.
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
        var follows = past.Table(Folds.Of<FollowsProjection>());
        var activities = past.Table(Folds.Of<ActivitiesProjection>());
        await past.FoldAsync(past.TopicsAsync([Topic.Access(reader)], ct), follows);
        Topic[] topics =
        [
            .. follows.Rows.SelectMany(f => new[] { Topic.Activity(f.FolloweeId), Topic.Withdrawn(f.FolloweeId) }),
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
