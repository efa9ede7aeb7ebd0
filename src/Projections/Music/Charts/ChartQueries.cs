using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Charts;

/// <summary>Top ranks by plays; trending by plays of which the older weigh less.</summary>
public enum Chart { Top, Trending }

public enum ChartSpan { Hour, Day, Week, All }

/// <param name="Rank">1, 2, 3 ….</param>
/// <param name="Plays">Counted within the span.</param>
/// <param name="Score">What the chart ranks by: the plays, or their weights summed.</param>
public sealed record ChartEntry(long Rank, TrackSummary Track, long Plays, double Score);

public sealed class ChartQueries(ReadModels views)
{
    public static readonly string[] Reads = ["music.plays_hourly.v1", "music.tracks.v1", "accounts.profiles.v1"];

    /// <summary>A chart as of a moment.</summary>
    /// <remarks>
    /// A span reaches back from <paramref name="moment"/> and is counted in whole hours, the one in which it begins included: it is never shorter than it says
    /// and less than an hour longer. Trending weighs every play with 0.5 ^ (age / half-life), the age being that of the hour's beginning. Of tracks that are
    /// level, the one that got there first stands higher.
    /// </remarks>
    /// <param name="genre">Compared without regard to case; null for all.</param>
    public async Task<List<ChartEntry>> ListAsync(Chart chart, ChartSpan span, string? genre, DateTimeOffset moment, int limit, CancellationToken ct)
    {
        if (views.Past is not { } past) return await RankAsync(chart, span, genre, moment, limit, ct);
        await past.FoldHoursAsync(ct);
        await past.FoldRankedAsync((await RankAsync(chart, span, genre, moment, limit, ct)).Select(e => e.Track.Id), ct);
        return await RankAsync(chart, span, genre, moment, limit, ct);
    }

    private async Task<List<ChartEntry>> RankAsync(Chart chart, ChartSpan span, string? genre, DateTimeOffset moment, int limit, CancellationToken ct) =>
        (await views.ListAsync<Row>($"""
            with ranked as (
                select h.track_id, sum(h.plays)::bigint as plays, max(h.position) as reached,
                       {(chart == Chart.Top ? "sum(h.plays)::float8" : Weighed)} as score
                from views.music_plays_hourly h
                where h.hour >= @since and h.hour <= @moment and (@genre::text is null or lower(h.genre) = lower(@genre))
                group by h.track_id)
            select row_number() over (order by r.score desc, r.reached, r.track_id) as rank, r.track_id, t.title, t.owner_id, coalesce(p.user_name, '') as owner_name,
                   t.genre, t.duration_ms, r.plays, r.score
            from (select * from ranked order by score desc, reached, track_id limit @limit) r
            join views.music_tracks t on t.track_id = r.track_id
            left join views.accounts_profiles p on p.account_id = t.owner_id
            order by rank
            """, new { since = Since(span, moment), moment = moment.ToUniversalTime(), genre, limit, halfLifeSeconds = HalfLife(span).TotalSeconds, halfLivesMax = HalfLivesMax }, ct))
        .ConvertAll(r => new ChartEntry(r.Rank, new(r.TrackId, r.Title, new(r.OwnerId, r.OwnerName), r.Genre, r.DurationMs), r.Plays, r.Score));

    /// <summary>How old a play is when it weighs half as much in a trending chart.</summary>
    public static TimeSpan HalfLife(ChartSpan span) => span switch
    {
        ChartSpan.Hour => TimeSpan.FromHours(1),
        ChartSpan.Day => TimeSpan.FromHours(6),
        ChartSpan.Week => TimeSpan.FromHours(24),
        _ => TimeSpan.FromDays(7),
    };

    /// <summary>The beginning of the first hour that belongs to a span ending at <paramref name="moment"/>.</summary>
    public static DateTimeOffset Since(ChartSpan span, DateTimeOffset moment) => span switch
    {
        ChartSpan.Hour => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromHours(1)),
        ChartSpan.Day => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(1)),
        ChartSpan.Week => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(7)),
        _ => DateTimeOffset.UnixEpoch,
    };

    // Summed in the order of the hours: sums of fractions depend on it, and a chart must come out the same every time.
    private const string Weighed =
        "sum(h.plays * power(0.5::float8, least(extract(epoch from @moment - h.hour)::float8 / @halfLifeSeconds, @halfLivesMax)) order by h.hour)";

    /// <summary>PostgreSQL refuses to compute weights too small for a double; these are nothing either way.</summary>
    private const double HalfLivesMax = 1000;

    private sealed record Row(long Rank, Guid TrackId, string Title, Guid OwnerId, string OwnerName, string? Genre, long DurationMs, long Plays, double Score);
}
