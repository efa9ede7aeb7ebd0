using Veza.Domain.Music.Listening;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Music.Charts;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests.Music;

public class ChartTests(TestLog log)
{
    private readonly SocialSetting _social = new();
    private readonly ChartQueries _charts = new(log.Views);

    [Fact]
    public async Task Counted_plays_make_the_chart()
    {
        var (one, two, three, unheard) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        await log.Given([
                .. _social.Registered,
                .. new[] { one, two, three, unheard }.Select(t => _social.Uploads(_social.Bo, t)),
                .. Hears(_social.Ana, one, _social.Session),
                .. Hears(_social.Ana, one, _social.Session),
                .. Hears(_social.Ana, two, _social.Session),
                .. Hears(_social.Cleo, three, Guid.CreateVersion7()),
                .. Hears(_social.Dora, three, Guid.CreateVersion7()),
                .. Hears(_social.Ana, unheard, _social.Session, seconds: 10),
            ])
            .PlayAsync();
        await log.ProjectedAsync();

        var top = await Read(Chart.Top, _social.Genre);
        Assert.Equal(
            [(1, three, 2, 2.0), (2, one, 1, 1.0), (3, two, 1, 1.0)],
            top.Select(e => ((int)e.Rank, e.Track.Id, (int)e.Plays, e.Score))
        );
        Assert.Equal(
            ("Ghost notes", new AccountName(_social.Bo, "bo"), _social.Genre, 200_000L),
            (top[0].Track.Title, top[0].Track.Owner, top[0].Track.Genre, top[0].Track.DurationMs)
        );
        Assert.Equal(top.Select(e => e.Track.Id), (await Read(Chart.Trending, _social.Genre)).Select(e => e.Track.Id));
        Assert.Equal(top, await Read(Chart.Top, _social.Genre.ToUpperInvariant()));
        Assert.Empty(await Read(Chart.Top, _social.Genre + " techno"));
    }

    private Task<List<ChartEntryView>> Read(Chart chart, string genre) =>
        _charts.ListAsync(chart, ChartSpan.Day, genre, TimeProvider.System.GetUtcNow(), 10, CancellationToken.None);
}

/// <summary>
/// Charts over hours that the test chooses, in their own database: the log only knows the time of writing.
/// </summary>
public class ChartSpanTests(TestLog log) : IClassFixture<TestLog>
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private string _genre = $"{Guid.CreateVersion7()}";
    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly SocialSetting _social = new();
    private static int _years;
    private long _position = 1_000_000;

    [Fact]
    public async Task A_span_reaches_back_to_the_hour_in_which_it_begins()
    {
        var track = await Track();
        await Play(
            track,
            Noon.AddHours(-1),
            Noon.AddMinutes(-61),
            Noon.AddHours(-24),
            Noon.AddHours(-24.5),
            Noon.AddDays(-7),
            Noon.AddDays(-8),
            Noon.AddDays(-400)
        );
        var moment = Noon.AddMinutes(20);
        Assert.Equal(1, await Plays(ChartSpan.Hour, moment));
        Assert.Equal(3, await Plays(ChartSpan.Day, moment));
        Assert.Equal(5, await Plays(ChartSpan.Week, moment));
        Assert.Equal(7, await Plays(ChartSpan.All, moment));
    }

    [Fact]
    public async Task Plays_after_the_moment_do_not_show()
    {
        await Play(await Track(), Noon.AddHours(-3), Noon.AddHours(3));
        Assert.Equal(1, await Plays(ChartSpan.Day, Noon));
    }

    [Fact]
    public async Task A_play_weighs_half_as_much_after_a_half_life()
    {
        await Play(await Track(), Noon.AddMinutes(5), Noon.AddMinutes(25));
        foreach (var span in Enum.GetValues<ChartSpan>())
        {
            Assert.Equal(2.0, Assert.Single(await List(Chart.Trending, span, Noon)).Score, 1e-9);
            Assert.Equal(
                1.0,
                Assert.Single(await List(Chart.Trending, span, Noon + ChartQueries.HalfLife(span))).Score,
                1e-9
            );
        }
    }

    [Fact]
    public async Task New_plays_outweigh_more_old_ones_in_trending_only()
    {
        var (old, young) = (await Track(), await Track());
        await Play(old, [.. Enumerable.Repeat(Noon.AddHours(-20), 5)]);
        await Play(young, Noon.AddHours(-1), Noon.AddHours(-1));
        Assert.Equal([old, young], (await List(Chart.Top, ChartSpan.Day, Noon)).Select(e => e.Track.Id));
        Assert.Equal([young, old], (await List(Chart.Trending, ChartSpan.Day, Noon)).Select(e => e.Track.Id));
    }

    [Fact]
    public async Task Of_tracks_that_are_level_the_one_that_got_there_first_stands_higher()
    {
        var (late, early) = (await Track(), await Track());
        await Play(late, Noon);
        await Play(early, Noon, Noon);
        await Play(late, Noon);
        Assert.Equal([early, late], (await List(Chart.Top, ChartSpan.Day, Noon)).Select(e => e.Track.Id));
    }

    [Fact]
    public async Task A_play_older_than_any_weight_still_leaves_the_chart_standing()
    {
        await Play(await Track(), DateTimeOffset.UnixEpoch.AddYears(1));
        Assert.Equal(0, Assert.Single(await List(Chart.Trending, ChartSpan.All, Noon)).Score, 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Charts_of_all_time_are_the_same_from_the_totals_as_from_the_hours(int seed)
    {
        var random = new Random(seed);
        var tracks = new List<Guid>();
        for (var i = 0; i < 12; i++)
            tracks.Add(await Track());
        // Times never go back along the log, so this is later than the times of all tests before.
        var at = Noon.AddYears(Interlocked.Increment(ref _years));
        for (var i = 0; i < 300; i++)
            await Play(
                tracks[(int)(tracks.Count * Math.Pow(random.NextDouble(), 2))],
                at = at.AddMinutes(random.Next(400))
            );
        foreach (var chart in Enum.GetValues<Chart>())
        {
            Assert.Equal(
                0,
                await log.Views.FindAsync<int>(
                    "select count(*)::int from views.music_plays_hourly where hour > @at",
                    new { at },
                    CancellationToken.None
                )
            );
            var totals = await List(chart, ChartSpan.All, at);
            // A play of another genre, hours later, leaves only the hours to answer as of before.
            var genre = _genre;
            _genre = "other";
            await Play(await Track(), at.AddHours(2));
            _genre = genre;
            var hours = await List(chart, ChartSpan.All, at);
            Assert.Equal(
                totals.Select(e => (e.Rank, e.Track.Id, e.Plays)),
                hours.Select(e => (e.Rank, e.Track.Id, e.Plays))
            );
            Assert.All(totals.Zip(hours), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-6));
            at = at.AddHours(3);
            await Play(tracks[0], at);
        }
    }

    private async Task<Guid> Track()
    {
        var track = Guid.CreateVersion7();
        await log.Given(_social.Uploads(_owner, track)).PlayAsync();
        return track;
    }

    private async Task Play(Guid track, params DateTimeOffset[] moments)
    {
        await log.ProjectedAsync();
        var events = moments
            .Select(at => new RecordedEvent(
                ++_position,
                Guid.CreateVersion7(),
                Guid.CreateVersion7(),
                1,
                "play_counted",
                at,
                Guid.CreateVersion7(),
                null,
                default,
                TestLog.EventTypes,
                new PlayCounted(
                    Guid.CreateVersion7(),
                    track,
                    _owner,
                    Guid.CreateVersion7(),
                    Guid.CreateVersion7(),
                    _genre,
                    30_000
                )
            ))
            .ToList();
        await using var connection = await log.Log.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (
            var (projection, table) in new (IProjection, string)[]
            {
                (new HourlyPlaysProjection(), "views.music_plays_hourly_v2"),
                (new PlayTotalsProjection(), "views.music_play_totals_v2"),
            }
        )
        {
            var rows = projection.Open(table, RowsUse.Live);
            await rows.FoldAsync(connection, events, CancellationToken.None);
            await rows.WriteAsync(connection, transaction, CancellationToken.None);
        }
        await transaction.CommitAsync();
    }

    private Task<List<ChartEntryView>> List(Chart chart, ChartSpan span, DateTimeOffset moment) =>
        new ChartQueries(log.Views).ListAsync(chart, span, _genre, moment, 10, CancellationToken.None);

    private async Task<long> Plays(ChartSpan span, DateTimeOffset moment) =>
        Assert.Single(await List(Chart.Top, span, moment)).Plays;
}
