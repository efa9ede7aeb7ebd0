using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

public class ShardTests(LogFixture fixture)
{
    [Fact]
    public void A_key_is_in_the_same_shard_in_every_process_and_release()
    {
        Assert.Equal(
            [2, 4, 4, 5, 0],
            (int[])
                [
                    Shards.Of(Guid.Parse("0198f5c0-0000-7000-8000-000000000001"), 8),
                    Shards.Of("🔥", 8),
                    Shards.Of(48_211L, 8),
                    Shards.Of((Guid.Parse("0198f5c0-0000-7000-8000-000000000001"), "🔥"), 8),
                    Shards.Of(DateTimeOffset.UnixEpoch, 1),
                ]
        );
        Assert.NotEqual(Shards.Of(("a", "bc"), 1 << 20), Shards.Of(("ab", "c"), 1 << 20));
    }

    [Fact]
    public async Task Shards_side_by_side_on_two_nodes_make_the_rows_of_one_and_are_shown_as_one()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var two = await LogFixture.OpenAsync(database);
        await using var first = await one.StartAsync(database, new SumsProjection(shards: 4));
        await using var second = await two.StartAsync(database, new SumsProjection(shards: 4));
        var status = await one.UntilAsync(s =>
            s.Shards.Count == 4
            && s.State == RunnerState.Running
            && s.Shards.Count(shard => shard.Node == one.Coordinator.Node) == 2
        );
        Assert.Equal(
            ["test.sums.v1#0/4", "test.sums.v1#1/4", "test.sums.v1#2/4", "test.sums.v1#3/4"],
            status.Shards.Select(s => s.Name)
        );
        Assert.Null(status.Node);

        for (var i = 0; i < 200; i++)
            await one.CountAsync();
        // Each node runs half of them and reports the status of all.
        await first.ReachesHeadAsync(one);
        Assert.Equal(200L, await one.SumAsync());
        await second.WaitAsync(["test.sums.v1"], one.Head, TestContext.Current.CancellationToken);
        Assert.Equal(200L, await one.AskAsync("select sum(events) from views.test_sums"));
        Assert.Equal(200, (await one.UntilAsync(s => s.Position == 200)).Position);
    }

    [Fact]
    public async Task Waiting_is_for_the_slowest_shard_even_if_no_node_has_run_it_yet()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        await using var elsewhere = await ProjectionHost.OpenAsync(
            log,
            database,
            [new SumsProjection(shards: 2)],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        await log.AskAsync("update log.mt_event_progression set last_seq_id = 5 where name = 'test.sums.v1#0/2'");
        using var stopped = new CancellationTokenSource();
        var waiting = elsewhere.WaitAsync(["test.sums.v1"], 5, stopped.Token);
        await elsewhere.WaitAsync(["test.sums.v1"], 0, TestContext.Current.CancellationToken);
        Assert.False(
            waiting.IsCompleted,
            waiting.Exception?.Message ?? "It is over though a shard has not been there."
        );
        await log.AskAsync("update log.mt_event_progression set last_seq_id = 5 where name = 'test.sums.v1#1/2'");
        await waiting;
    }

    [Fact]
    public async Task Another_number_of_shards_takes_over_at_one_position_though_they_stood_at_several()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var expected = 0L;
        foreach (var shards in (int[])[1, 4, 3, 1, 2])
        {
            await using (var host = await log.StartAsync(database, new SumsProjection(shards: shards)))
            {
                for (var i = 0; i < 60; i++)
                    await log.CountAsync();
                expected += 60;
                await host.ReachesHeadAsync(log);
                Assert.Equal(expected, await log.SumAsync());
                Assert.Equal(
                    (long)shards,
                    await log.AskAsync("select count(*) from log.mt_event_progression where name like 'test.sums%'")
                );
            }
            // Its first shard runs ahead alone for a while.
            for (var i = 0; i < 25; i++)
                await log.CountAsync();
            expected += 25;
            var projection = new SumsProjection(shards: shards);
            await using var rows = log.Connect(new(database));
            using var stopped = new CancellationTokenSource();
            var ahead = new ProjectionRunner(
                log,
                projection.Part(0, shards),
                Shards.NameOf(projection, 0),
                rows,
                TimeProvider.System,
                NullLogger.Instance
            );
            var running = ahead.RunAsync(stopped.Token);
            await ahead.WaitAsync(log.Head, TestContext.Current.CancellationToken);
            await stopped.CancelAsync();
            await running;
        }
    }

    [Fact]
    public async Task A_release_that_divides_it_otherwise_neither_begins_anew_nor_goes_on_beside()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var former = await LogFixture.OpenAsync(database);
        await using var later = await LogFixture.OpenAsync(database);
        for (var i = 0; i < 50; i++)
            await former.CountAsync();
        await using var four = await former.StartAsync(database, new SumsProjection(shards: 4));
        await four.ReachesHeadAsync(former);
        await using var two = await later.StartAsync(database, new SumsProjection(shards: 2));
        for (var i = 0; i < 50; i++)
            await former.CountAsync();
        await two.WaitAsync(["test.sums.v1"], former.Head, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => four.Status.Single().State == ProjectionState.Elsewhere);
        await four.WaitAsync(["test.sums.v1"], former.Head, TestContext.Current.CancellationToken);
        // The checkpoint refuses it even when it is forced to run.
        await using var rows = former.Connect(new(database));
        using var stopped = new CancellationTokenSource();
        var forced = new ProjectionRunner(
            former,
            new SumsProjection(shards: 4).Part(0, 4),
            "test.sums.v1#0/4",
            rows,
            TimeProvider.System,
            NullLogger.Instance
        );
        var running = forced.RunAsync(stopped.Token);
        await Eventually.TrueAsync(() =>
            forced.Status is { State: ProjectionState.Faulted, Error: { } error }
            && error.Contains("divides it otherwise")
        );
        await stopped.CancelAsync();
        await running;
        Assert.Equal(100L, await former.SumAsync());
        Assert.Equal(
            2L,
            await former.AskAsync("select count(*) from log.mt_event_progression where name like 'test.sums%'")
        );
    }

    [Fact]
    public async Task Shards_too_far_apart_or_before_an_event_they_cannot_apply_stay_as_many_as_they_are()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        await using (await log.StartAsync(database, new SumsProjection(shards: 2)))
            await Eventually.TrueAsync(async () =>
                await log.AskAsync("select count(*) from log.mt_event_progression where name like 'test.sums%'") is 2L
            );
        await log.AskAsync("update log.mt_event_progression set last_seq_id = 100001 where name = 'test.sums.v1#1/2'");
        var apart = await Assert.ThrowsAsync<ShardsApartException>(() =>
            log.StartAsync(database, new SumsProjection(shards: 3))
        );
        Assert.Contains("between 0 and 100001", apart.Message);
        await log.AskAsync("update log.mt_event_progression set last_seq_id = 0 where name = 'test.sums.v1#1/2'");
        await log.AskAsync(
            "insert into log.parked_events (name, position, error, at, state) "
                + "values ('test.sums.v1#1/2', 1, 'poison', now(), 'standing')"
        );
        await Assert.ThrowsAsync<ShardsApartException>(() => log.StartAsync(database, new SumsProjection(shards: 3)));
        Assert.Equal(
            2L,
            await log.AskAsync("select count(*) from log.mt_event_progression where name like 'test.sums%'")
        );
    }

    [Fact]
    public async Task A_node_that_starts_waits_for_no_node_that_writes_and_none_waits_for_it()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        var totals = new SumsProjection();
        await using var host = await one.StartAsync(database, totals);
        await one.CountAsync();
        await host.WaitAsync([totals.Name], one.Head, TestContext.Current.CancellationToken);

        await using var connection = await one.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var writing = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        string[] writes =
        [
            "update log.mt_event_progression set last_seq_id = last_seq_id",
            $"update {ServingTables.TableOf(totals.Name)} set total = total",
        ];
        foreach (var sql in writes)
        {
            await using var write = new Npgsql.NpgsqlCommand(sql, connection, writing);
            await write.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await using var two = await LogFixture.OpenAsync(database);
        await using var starting = await two.StartAsync(database, totals);
    }
}
