using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Charts;

/// <summary>Top ranks by plays; trending weighs older plays less.</summary>
public enum Chart
{
    Top,
    Trending,
}

/// <summary>The time that a chart covers.</summary>
public enum ChartSpan
{
    Hour,
    Day,
    Week,
    All,
}

/// <param name="Rank">1, 2, 3 ….</param>
/// <param name="Plays">Counted within the span.</param>
/// <param name="Score">The value the chart ranks by: the plays, or the sum of their weights.</param>
public sealed record ChartEntryView(long Rank, TrackSummaryView Track, long Plays, double Score);

/// <summary>Computes charts from counted plays, now or as of a position.</summary>
public sealed class ChartQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        HourlyPlaysProjection.ProjectionName,
        PlayTotalsProjection.ProjectionName,
        TracksProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];

    /// <summary>A chart as of a moment.</summary>
    /// <remarks>
    /// A span reaches back from <paramref name="moment"/> in whole hours, and includes the hour it begins in. So it is
    /// never shorter than its name and less than an hour longer. Trending weighs every play with 0.5 ^ (age /
    /// half-life), with the age of the hour's beginning. Among equal tracks, the one that reached the value first ranks
    /// higher.
    /// </remarks>
    /// <param name="genre">Case-insensitive; null for all.</param>
    public async Task<List<ChartEntryView>> ListAsync(
        Chart chart,
        ChartSpan span,
        string? genre,
        DateTimeOffset moment,
        int limit,
        CancellationToken ct
    )
    {
        if (views.PointInTime() is { } past)
            await past.FoldHoursAsync(ct);
        var ranked = await TotalsServeAsync(span, moment, ct) ? FromTotals(chart, genre) : FromHours(chart, genre);
        if (views.PointInTime() is { } asOf)
        {
            var entries = await RankAsync(ranked, span, genre, moment, limit, ct);
            await asOf.FoldRankedAsync(entries.Select(e => e.Track.Id), ct);
        }
        return await RankAsync(ranked, span, genre, moment, limit, ct);
    }

    /// <summary>
    /// The totals hold only the present. As of a position, or if plays were counted after the moment's hour, charts of
    /// all time are summed from the hours.
    /// </summary>
    private async Task<bool> TotalsServeAsync(ChartSpan span, DateTimeOffset moment, CancellationToken ct) =>
        span == ChartSpan.All
        && views.PointInTime() is null
        && await views.FindAsync<int>(
            $"select 1 from {views.Table<HourlyPlaysProjection>()} where hour > @moment limit 1",
            new { moment = moment.ToUniversalTime() },
            ct
        ) == 0;

    private async Task<List<ChartEntryView>> RankAsync(
        string ranked,
        ChartSpan span,
        string? genre,
        DateTimeOffset moment,
        int limit,
        CancellationToken ct
    ) =>
        (
            await views.ListAsync<Row>(
                $"""
                select row_number() over (order by r.standing desc, r.reached) as rank, r.track_id, t.title,
                       t.owner_id, coalesce(p.user_name, '') as owner_name, t.genre, t.duration_ms, r.plays, r.score
                from ranked r
                join {views.Table<TracksProjection>()} t on t.track_id = r.track_id
                left join {views.Table<ProfilesProjection>()} p on p.account_id = t.owner_id
                order by rank
                """,
                new
                {
                    since = Since(span, moment),
                    moment = moment.ToUniversalTime(),
                    genre,
                    limit,
                    halfLifeSeconds = HalfLife(span).TotalSeconds,
                    halfLivesMax = HalfLivesMax,
                },
                ct,
                with: $"ranked as materialized ({ranked})"
            )
        ).ConvertAll(r => new ChartEntryView(
            r.Rank,
            new(r.TrackId, r.Title, new(r.OwnerId, r.OwnerName), r.Genre, r.DurationMs),
            r.Plays,
            r.Score
        ));

    // A track is not played two billion times within an hour, and int sums much faster than bigint. An hour's weight is
    // rounded to 2^-32: sums of its whole multiples are the same in any order, so a chart comes out the same every
    // time.
    private string FromHours(Chart chart, string? genre)
    {
        var top = chart == Chart.Top;
        var score = top ? "sum(h.plays::int)::float8" : "sum(h.plays * w.weight) / power(2::float8, 32)";
        var standing = top ? "sum(h.plays::int)::float8" : "sum(h.plays * w.weight)";
        return $"""
            select h.track_id, sum(h.plays::int) as plays, max(h.position) as reached,
                   {score} as score, {standing} as standing
            from {views.Table<HourlyPlaysProjection>()} h
            {(top ? "" : $"join ({Weights()}) w on w.hour = h.hour")}
            where h.hour >= @since and h.hour <= @moment {(genre is null ? "" : "and lower(h.genre) = lower(@genre)")}
            group by h.track_id order by standing desc, reached limit @limit
            """;
    }

    private string Weights() =>
        $"""
            select hour, round(power(2::float8, 32 - least(
                       date_part('epoch', @moment::timestamptz - hour) / @halfLifeSeconds, @halfLivesMax))) as weight
            from generate_series(
                greatest(@since::timestamptz, (select min(hour) from {views.Table<HourlyPlaysProjection>()})),
                @moment::timestamptz, interval '1 hour') hour
            """;

    private string FromTotals(Chart chart, string? genre)
    {
        const string TrendNow =
            "power(2::float8, greatest("
            + "h.trend - date_part('epoch', @moment::timestamptz) / @halfLifeSeconds, -@halfLivesMax))";
        var top = chart == Chart.Top;
        return $"""
            select h.track_id, h.plays, h.position as reached,
                   {(top ? "h.plays::float8" : TrendNow)} as score, {(top ? "h.plays" : "h.trend")} as standing
            from {views.Table<PlayTotalsProjection>()} h
            {(genre is null ? "" : "where lower(h.genre) = lower(@genre)")}
            order by standing desc, reached limit @limit
            """;
    }

    /// <summary>The age at which a play weighs half as much in a trending chart.</summary>
    public static TimeSpan HalfLife(ChartSpan span) =>
        span switch
        {
            ChartSpan.Hour => TimeSpan.FromHours(1),
            ChartSpan.Day => TimeSpan.FromHours(6),
            ChartSpan.Week => TimeSpan.FromHours(24),
            _ => TimeSpan.FromDays(7),
        };

    /// <summary>The beginning of the first hour of a span that ends at <paramref name="moment"/>.</summary>
    public static DateTimeOffset Since(ChartSpan span, DateTimeOffset moment) =>
        span switch
        {
            ChartSpan.Hour => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromHours(1)),
            ChartSpan.Day => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(1)),
            ChartSpan.Week => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(7)),
            _ => DateTimeOffset.UnixEpoch,
        };

    /// <summary>PostgreSQL refuses to compute weights too small for a double; they are negligible anyway.</summary>
    private const double HalfLivesMax = 1000;

    private sealed record Row(
        long Rank,
        Guid TrackId,
        string Title,
        Guid OwnerId,
        string OwnerName,
        string? Genre,
        long DurationMs,
        long Plays,
        double Score
    );
}
