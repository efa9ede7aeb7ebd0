using System.Globalization;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Topics;

namespace Veza.Projections.Music.Charts;

/// <summary>Folds the rows that charts as of a position read.</summary>
internal static class PointInTimeCharts
{
    /// <summary>
    /// Reads the hours that were over from today's table, where they are unchanged, and folds the plays counted so far
    /// in the hour that was running.
    /// </summary>
    public static async Task FoldHoursAsync(this PointInTime past, CancellationToken ct)
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        // The ranking does not depend on the tracks' properties: FoldRankedAsync folds the tracks that it yields.
        var tracks = past.Table(Folds.Of<TracksProjection>());
        tracks.Clear();
        tracks.Unchanged = $"position <= {past.Position}";
        var hours = past.Table(Folds.Of<HourlyPlaysProjection>());
        var running = HourlyPlaysProjection.HourOf(await past.ReachedAtAsync(ct));
        hours.Unchanged = string.Create(CultureInfo.InvariantCulture, $"hour < '{running:yyyy-MM-dd HH:mm:ss}Z'");
        await past.FoldAsync(past.TopicsSinceAsync(Topic.TopChart, running, ct), hours);
    }

    /// <summary>Folds the tracks that are on a chart.</summary>
    public static async Task FoldRankedAsync(this PointInTime past, IEnumerable<Guid> tracks, CancellationToken ct)
    {
        past.Table(Folds.Of<TracksProjection>()).Unchanged = null;
        await past.FoldTracksAsync(tracks, ct);
    }
}
