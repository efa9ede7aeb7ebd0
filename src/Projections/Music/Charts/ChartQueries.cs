using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Charts;

/// <summary>Top ranks by plays; trending by plays of which the older weigh less.</summary>
public enum Chart
{
    Top,
    Trending,
}

public enum ChartSpan
{
    Hour,
    Day,
    Week,
    All,
}

/// <param name="Rank">1, 2, 3 ….</param>
/// <param name="Plays">Counted within the span.</param>
/// <param name="Score">What the chart ranks by: the plays, or their weights summed.</param>
public sealed record ChartEntryView(long Rank, TrackSummaryView Track, long Plays, double Score);

public sealed class ChartQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        "music.plays_hourly.v2",
        "music.play_totals.v2",
        "music.tracks.v2",
        "accounts.profiles.v1",
    ];

    /// <summary>A chart as of a moment.</summary>
    /// <remarks>
    /// A span reaches back from <paramref name="moment"/> and is counted in whole hours, the one in which it begins
    /// included: it is never shorter than it says and less than an hour longer. Trending weighs every play with 0.5 ^
    /// (age / half-life), the age being that of the hour's beginning. Of tracks that are level, the one that got there
    /// first stands higher.
    /// </remarks>
    /// <param name="genre">Compared without regard to case; null for all.</param>
    public async Task<List<ChartEntryView>> ListAsync(
        Chart chart,
        ChartSpan span,
        string? genre,
        DateTimeOffset moment,
        int limit,
        CancellationToken ct
    )
    {
        var ranked = await TotalsServeAsync(span, moment, ct) ? FromTotals(chart, genre) : FromHours(chart, genre);
        if (views.PointInTime is { } past)
        {
            await past.FoldHoursAsync(ct);
            await past.FoldRankedAsync(
                (await RankAsync(ranked, span, genre, moment, limit, ct)).Select(e => e.Track.Id),
                ct
            );
        }
        return await RankAsync(ranked, span, genre, moment, limit, ct);
    }

    /// <summary>
    /// The totals know no past: as of a position, and if plays were counted after the moment's hour, charts of all time
    /// are summed from the hours.
    /// </summary>
    private async Task<bool> TotalsServeAsync(ChartSpan span, DateTimeOffset moment, CancellationToken ct) =>
        span == ChartSpan.All
        && views.PointInTime is null
        && await views.FindAsync<int>(
            "select 1 from views.music_plays_hourly where hour > @moment limit 1",
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
                with ranked as materialized ({ranked})
                select row_number() over (order by r.standing desc, r.reached) as rank, r.track_id, t.title, t.owner_id, coalesce(p.user_name, '') as owner_name,
                       t.genre, t.duration_ms, r.plays, r.score
                from ranked r
                join views.music_tracks t on t.track_id = r.track_id
                left join views.accounts_profiles p on p.account_id = t.owner_id
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
                ct
            )
        ).ConvertAll(r => new ChartEntryView(
            r.Rank,
            new(r.TrackId, r.Title, new(r.OwnerId, r.OwnerName), r.Genre, r.DurationMs),
            r.Plays,
            r.Score
        ));

    // A track is not played two billion times within an hour, and int sums much faster than bigint. An hour's weight is
    // rounded to 2^-32: whole numbers of these add up to the same in any order, and a chart must come out the same
    // every time.
    private static string FromHours(Chart chart, string? genre) =>
        $"""
            select h.track_id, sum(h.plays::int) as plays, max(h.position) as reached,
                   {(
                chart == Chart.Top ? "sum(h.plays::int)::float8" : "sum(h.plays * w.weight) / power(2::float8, 32)"
            )} as score,
                   {(chart == Chart.Top ? "sum(h.plays::int)::float8" : "sum(h.plays * w.weight)")} as standing
            from views.music_plays_hourly h
            {(chart == Chart.Top ? "" : $"join ({Weights}) w on w.hour = h.hour")}
            where h.hour >= @since and h.hour <= @moment {(genre is null ? "" : "and lower(h.genre) = lower(@genre)")}
            group by h.track_id order by standing desc, reached limit @limit
            """;

    private const string Weights = """
        select hour, round(power(2::float8, 32 - least(date_part('epoch', @moment::timestamptz - hour) / @halfLifeSeconds, @halfLivesMax))) as weight
        from generate_series(greatest(@since::timestamptz, (select min(hour) from views.music_plays_hourly)), @moment::timestamptz, interval '1 hour') hour
        """;

    private static string FromTotals(Chart chart, string? genre) =>
        $"""
            select h.track_id, h.plays, h.position as reached,
                   {(
                chart == Chart.Top
                    ? "h.plays::float8"
                    : $"power(2::float8, greatest(h.trend - date_part('epoch', @moment::timestamptz) / @halfLifeSeconds, -@halfLivesMax))"
            )} as score,
                   {(chart == Chart.Top ? "h.plays" : "h.trend")} as standing
            from views.music_play_totals h
            {(genre is null ? "" : "where lower(h.genre) = lower(@genre)")}
            order by standing desc, reached limit @limit
            """;

    /// <summary>How old a play is when it weighs half as much in a trending chart.</summary>
    public static TimeSpan HalfLife(ChartSpan span) =>
        span switch
        {
            ChartSpan.Hour => TimeSpan.FromHours(1),
            ChartSpan.Day => TimeSpan.FromHours(6),
            ChartSpan.Week => TimeSpan.FromHours(24),
            _ => TimeSpan.FromDays(7),
        };

    /// <summary>The beginning of the first hour that belongs to a span ending at <paramref name="moment"/>.</summary>
    public static DateTimeOffset Since(ChartSpan span, DateTimeOffset moment) =>
        span switch
        {
            ChartSpan.Hour => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromHours(1)),
            ChartSpan.Day => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(1)),
            ChartSpan.Week => HourlyPlaysProjection.HourOf(moment - TimeSpan.FromDays(7)),
            _ => DateTimeOffset.UnixEpoch,
        };

    /// <summary>PostgreSQL refuses to compute weights too small for a double; these are nothing either way.</summary>
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
