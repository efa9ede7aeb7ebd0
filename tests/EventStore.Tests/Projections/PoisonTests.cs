using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

public class PoisonTests(LogFixture fixture)
{
    private bool _cured;
    private int _tried;

    private void Fold(Counted e)
    {
        if (e.Note != "poison" || _cured)
            return;
        _tried++;
        throw new InvalidOperationException("this is poison");
    }

    /// <summary>A hundred events in one batch that add up to one hundred. The 38th, worth 1, is poison.</summary>
    private static async Task<EventLog> OpenAsync(string database)
    {
        var log = await LogFixture.OpenAsync(database);
        for (var i = 1; i <= 100; i++)
            await log.CountAsync(note: i == 38 ? "poison" : "");
        return log;
    }

    /// <summary>The table shows it a moment before the node's own status.</summary>
    private static Task StandsAsync(ProjectionHost host) =>
        Eventually.TrueAsync(() =>
            host.Status.Single(s => s.Name == "test.sums.v1") is { State: ProjectionState.Faulted, Error: { } error }
            && error.Contains("it stopped before event 38")
        );

    [Fact]
    public async Task A_projection_stopped_by_poison_has_applied_every_earlier_event_while_others_go_on()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await log.StartAsync(
            database,
            new SumsProjection(folding: Fold),
            new SumsProjection("test.others.v1")
        );
        var status = await log.UntilAsync(s => s.StandsAt is not null);
        await host.ReachesHeadAsync(log, "test.others.v1");

        Assert.Equal(
            (RunnerState.Faulted, 37L, 38L, 0L),
            (status.State, status.Position, status.StandsAt, status.Skipped)
        );
        Assert.Equal("counted: this is poison", status.Error);
        Assert.Equal(37L, await log.SumAsync());
        Assert.Equal(100L, await log.SumAsync("views.test_others"));
        Assert.Equal(RunnerState.Running, (await log.StatusAsync("test.others.v1")).State);
        await StandsAsync(host);
    }

    [Fact]
    public async Task It_is_still_stopped_there_after_a_restart_without_another_attempt()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using (await log.StartAsync(database, new SumsProjection(folding: Fold)))
            await log.UntilAsync(s => s.StandsAt is not null);
        var tried = _tried;
        await using var host = await log.StartAsync(database, new SumsProjection(folding: Fold));
        await StandsAsync(host);
        Assert.Equal(tried, _tried);
    }

    [Fact]
    public async Task A_retry_stops_again_at_an_event_that_is_still_poison_and_passes_it_once_it_is_not()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await log.StartAsync(database, new SumsProjection(folding: Fold));
        await log.UntilAsync(s => s.StandsAt is not null);
        var tried = _tried;
        Assert.Equal(1, await log.Processors.RetryAsync("test.sums.v1", TestContext.Current.CancellationToken));
        await log.UntilAsync(s => s.StandsAt is not null && _tried > tried);
        Assert.Equal(37L, await log.SumAsync());

        _cured = true;
        Assert.Equal(1, await log.Processors.RetryAsync("test.sums.v1", TestContext.Current.CancellationToken));
        await host.ReachesHeadAsync(log);
        Assert.Equal(100L, await log.SumAsync());
        Assert.Equal(0L, await log.AskAsync("select count(*) from log.parked_events"));
    }

    [Fact]
    public async Task After_an_operator_skips_the_event_it_goes_on_and_the_skip_stays_recorded()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using (var host = await log.StartAsync(database, new SumsProjection(folding: Fold)))
        {
            await log.UntilAsync(s => s.StandsAt is not null);
            Assert.Equal(1, await log.Processors.SkipAsync("test.sums.v1", TestContext.Current.CancellationToken));
            await host.ReachesHeadAsync(log);
            Assert.Equal(99L, await log.SumAsync());
        }
        _cured = true;
        await using var later = await log.StartAsync(database, new SumsProjection(folding: Fold));
        await log.CountAsync();
        await later.ReachesHeadAsync(log);
        Assert.Equal(100L, await log.SumAsync());
        Assert.Equal(1, (await log.StatusAsync()).Skipped);
        Assert.Equal(
            (0, 0),
            (
                await log.Processors.RetryAsync("test.sums.v1", TestContext.Current.CancellationToken),
                await log.Processors.SkipAsync("test.sums.v1", TestContext.Current.CancellationToken)
            )
        );
    }

    [Fact]
    public async Task A_projection_that_skips_tries_a_few_times_parks_the_event_and_goes_on()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await log.StartAsync(
            database,
            new SumsProjection(onPoison: OnPoison.Skip, folding: Fold)
        );
        await host.ReachesHeadAsync(log);
        Assert.Equal(99L, await log.SumAsync());
        Assert.Equal(
            "test.sums.v1 38 skipped 3 counted: this is poison",
            await log.AskAsync("select concat_ws(' ', name, position, state, attempts, error) from log.parked_events")
        );
        var status = await log.UntilAsync(s => s.State == RunnerState.Running);
        Assert.Equal((1L, null), (status.Skipped, status.StandsAt));
    }

    [Fact]
    public async Task A_projection_that_fails_at_everything_stands_still_rather_than_skip_it_all()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await log.StartAsync(
            database,
            new SumsProjection(onPoison: OnPoison.Skip, folding: _ =>
                throw new InvalidOperationException("it is the projection")
            )
        );
        var status = await log.UntilAsync(s => s.StandsAt is not null);
        Assert.Equal(
            (PoisonPolicy.SkippedInARowMax + 1, PoisonPolicy.SkippedInARowMax),
            (status.StandsAt, status.Skipped)
        );
    }

    [Fact]
    public async Task A_database_that_is_away_is_no_poison()
    {
        await using var postgres = await Veza.EventStore.Postgres.LocalPostgres.StartEphemeralAsync();
        await using var log = await LogFixture.OpenAsync(postgres.ConnectionString);
        var ends = 4;
        var projection = new SumsProjection(onPoison: OnPoison.Skip);
        // More often than a runner tries an event.
        projection.BeforeWrite = async () =>
        {
            if (ends-- > 0)
                await log.AskAsync(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                        + "where application_name like 'veza-projections%'"
                );
        };
        await using var host = await log.StartAsync(postgres.ConnectionString, projection);
        await log.CountAsync(by: 7);
        await host.ReachesHeadAsync(log);
        Assert.True(ends < 0);
        Assert.Equal(7L, await log.SumAsync());
        Assert.Equal(0L, await log.AskAsync("select count(*) from log.parked_events"));
    }
}
