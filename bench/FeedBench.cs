using System.Globalization;
using Veza.EventStore.Postgres;
using Veza.Projections;
using Veza.Projections.Social.Feed;

namespace Veza.Bench;

/// <summary>
/// A page of the feed for readers who follow 5,000 accounts each, among a million activities. The accounts that the
/// first reader follows have half of them.
/// </summary>
internal static class FeedBench
{
    private const int PageSize = 51;

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 5);
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        await using var tables = await BenchTables.OpenAsync(postgres.ConnectionString);
        await FillAsync(tables);
        var feed = new FeedQueries(new ReadModels(tables.Database));
        Report.Machine($"5,000 accounts followed; pages of {PageSize - 1}; {seconds} s each");
        Report.Head("per second", "P50 ms", "P99 ms", "first ms");
        var middle = await tables.NumberAsync("select max(position) / 2 from views.social_activities");
        foreach (
            var (name, reader, before, callers) in new (string, string, long?, int)[]
            {
                ("all of them active, newest page", "busy", null, 1),
                ("the same, from the middle of half a million", "busy", middle, 1),
                ("the same, from near the beginning", "busy", 1_000, 1),
                ("active long ago, newest page", "late", null, 1),
                ("one very active, the others silent, newest page", "one", null, 1),
                ("nobody ever did anything", "idle", null, 1),
                ("all of them active, newest page, 4 callers at a time", "busy", null, 4),
            }
        )
        {
            var id = await tables.IdAsync(reader);
            var first = await tables.FirstAsync(() => feed.PageAsync(id, before, PageSize, CancellationToken.None));
            var figures = await Measure.ClosedLoopAsync(callers, TimeSpan.FromSeconds(seconds), async _ =>
            {
                await feed.PageAsync(id, before, PageSize, CancellationToken.None);
                return 1;
            });
            Report.Row(name, figures.PerSecond, figures.P50, figures.P99, first);
        }
        return 0;
    }

    /// <summary>
    /// "busy" follows accounts 1 to 5,000. "late" follows 5,001 to 10,000, which were active in the first tenth only.
    /// "one" follows 10,001 to 15,000, of which only the first is active. "idle" follows 15,001 to 20,000, which are
    /// not.
    /// </summary>
    private static Task FillAsync(BenchTables tables) =>
        tables.FillAsync([
            """
            insert into views.accounts_profiles_v1
            select md5('account' || i)::uuid, 'account' || i, i || '@example.org', now(), i
            from generate_series(1, 20000) i
            """,
            .. new[] { ("busy", 0), ("late", 5_000), ("one", 10_000), ("idle", 15_000) }.Select(r =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    insert into views.social_follows_v1
                    select md5('{r.Item1}')::uuid, md5('account' || ({r.Item2} + i))::uuid, now(), 2000000 + i
                    from generate_series(1, 5000) i
                    """
                )
            ),
            // The account that acts at a position: for half of them the 5,000 (some far more often than others), for a
            // tenth the one, for the rest strangers.
            """
            create temporary table acts as
            select p as position, case
                when p % 2 = 0 then 1 + floor(5000 * power(random(), 3))::int
                when p % 10 = 1 then 10001
                when p < 100000 then 5001 + floor(5000 * random())::int
                else 20001 + floor(100000 * random())::int end as actor,
              random() as dice
            from generate_series(1, 1000000) p
            """,
            """
            insert into views.music_tracks_v2 (track_id, owner_id, title, genre, duration_ms, codec, sample_rate_hz,
                                               channels, status, bytes, sha256, created_at, position, version)
            select md5('track' || position)::uuid, md5('account' || actor)::uuid, 'Track ' || position, 'house',
                   200000, 'flac', 44100, 2, 'Ready', 1, '', now(), position, 1
            from acts where dice < 0.6
            """,
            """
            insert into views.live_broadcasts_v1 (broadcast_id, owner_id, title, status, created_at, position, version)
            select md5('broadcast' || position)::uuid, md5('account' || actor)::uuid, 'Broadcast ' || position, 'Ended',
                   now(), position, 2
            from acts where dice > 0.95
            """,
            """
            insert into views.social_activities_v2 (actor_id, kind, subject_id, at, position)
            select md5('account' || actor)::uuid,
                   case when dice < 0.6 then 'Upload' when dice > 0.95 then 'Broadcast' else 'Repost' end,
                   case when dice > 0.95 then md5('broadcast' || position)::uuid
                        else md5('track' || position)::uuid end,
                   now(), position
            from acts order by position
            """,
        ]);
}
