using System.Globalization;
using Veza.EventStore.Postgres;
using Veza.Projections;
using Veza.Projections.Music.Charts;

namespace Veza.Bench;

/// <summary>
/// Every chart with a million plays of 10,000 tracks: over 90 days, and all within one week.
/// </summary>
internal static class ChartBench
{
    private const int Plays = 1_000_000;
    private const int Tracks = 10_000;
    private const int EntriesMax = 100;

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 2);
        foreach (var days in options.Numbers("--days", [90, 7]))
        {
            await using var postgres = await LocalPostgres.StartEphemeralAsync();
            await using var tables = await BenchTables.OpenAsync(postgres.ConnectionString);
            var now = new DateTimeOffset(2026, 3, 1, 17, 30, 0, TimeSpan.Zero);
            await FillAsync(tables, days, now);
            var hourlyRows = await tables.NumberAsync("select count(*) from views.music_plays_hourly");
            Report.Machine(
                $"{Plays:N0} plays of {Tracks:N0} tracks in 20 genres over {days} days, {hourlyRows:N0} hourly rows; "
                    + $"{EntriesMax} entries; {seconds} s each"
            );
            Report.Head("per second", "P50 ms", "P99 ms", "first ms");
            var charts = new ChartQueries(new ReadModels(tables.Database));
            foreach (var chart in Enum.GetValues<Chart>())
            foreach (var span in Enum.GetValues<ChartSpan>())
            foreach (var genre in new[] { null, "Genre 7" })
            {
                Task<List<ChartEntryView>> Read() =>
                    charts.ListAsync(chart, span, genre, now, EntriesMax, CancellationToken.None);
                var first = await tables.FirstAsync(Read);
                var figures = await Measure.ClosedLoopAsync(1, TimeSpan.FromSeconds(seconds), async _ =>
                    (await Read()).Count > 0 ? 1 : 0
                );
                Report.Row(
                    $"{chart}, {span}{(genre is null ? "" : ", one genre")}".ToLowerInvariant(),
                    figures.PerSecond,
                    figures.P50,
                    figures.P99,
                    first
                );
            }
        }
        return 0;
    }

    private static Task FillAsync(BenchTables tables, int days, DateTimeOffset now) =>
        tables.FillAsync([
            """
            insert into views.accounts_profiles_v1
            select md5('account' || i)::uuid, 'account' || i, i || '@example.org', now(), i
            from generate_series(1, 1000) i
            """,
            $"""
            insert into views.music_tracks_v2 (track_id, owner_id, title, genre, duration_ms, codec, sample_rate_hz,
                                               channels, status, bytes, sha256, created_at, position, version)
            select md5('track' || i)::uuid, md5('account' || (1 + i % 1000))::uuid, 'Track ' || i, 'genre ' || (i % 20),
                   200000, 'flac', 44100, 2, 'Ready', 1, '', now(), i, 1
            from generate_series(1, {Tracks}) i
            """,
            // The most popular track has about a thousand times the plays of the least popular one.
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                create temporary table plays as
                select p as position, floor({Tracks} * power(random(), 2))::int + 1 as track,
                       timestamptz '{now:O}' - interval '{days} days' * (1 - p / {Plays}::float8) as at
                from generate_series(1, {Plays}) p
                """
            ),
            """
            insert into views.music_plays_hourly_v2 (hour, track_id, owner_id, plays, genre, position)
            select date_bin('1 hour', at, timestamptz 'epoch'), md5('track' || track)::uuid,
                   md5('account' || (1 + track % 1000))::uuid, count(*), 'genre ' || (track % 20), max(position)
            from plays group by 1, 2, track order by 1, 5
            """,
            """
            insert into views.music_play_totals_v2 (track_id, owner_id, plays, genre, trend, position)
            select md5('track' || track)::uuid, md5('account' || (1 + track % 1000))::uuid, count(*),
                   'genre ' || (track % 20),
                   ln(sum(power(2, date_part('epoch', date_bin('1 hour', at, timestamptz 'epoch')
                                                      - timestamptz '2026-03-01') / 604800))) / ln(2)
                       + date_part('epoch', timestamptz '2026-03-01') / 604800,
                   max(position)
            from plays group by track order by max(position)
            """,
        ]);
}
