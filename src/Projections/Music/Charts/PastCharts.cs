using System.Globalization;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Charts;

internal static class PastCharts
{
    /// <summary>
    /// The hours that were over stand in the table as they did then; of the one that was running, the plays counted so
    /// far are folded.
    /// </summary>
    public static async Task FoldHoursAsync(this PointInTime past, CancellationToken ct)
    {
        past.ReadImmutable(Folds.Of<ProfilesProjection>());
        // Which tracks a chart has, does not depend on what they are like: once they are known, they are folded.
        var tracks = past.Table(Folds.Of<TracksProjection>());
        tracks.Clear();
        tracks.Unchanged = $"position <= {past.Position}";
        var hours = past.Table(Folds.Of<HourlyPlaysProjection>());
        var running = HourlyPlaysProjection.HourOf(await past.ReachedAtAsync(ct));
        hours.Unchanged = string.Create(CultureInfo.InvariantCulture, $"hour < '{running:yyyy-MM-dd HH:mm:ss}Z'");
        await past.FoldAsync(past.TopicsSinceAsync("chart:top", running, ct), hours);
    }

    /// <summary>The tracks that are on a chart.</summary>
    public static async Task FoldRankedAsync(this PointInTime past, IEnumerable<Guid> tracks, CancellationToken ct)
    {
        past.Table(Folds.Of<TracksProjection>()).Unchanged = null;
        await past.FoldTracksAsync(tracks, ct);
    }
}
