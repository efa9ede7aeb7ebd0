using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Projections;
using Veza.EventStore.Tests.Projections;

namespace Veza.EventStore.Tests.Coordination;

public class WorkCoordinatorTests(LogFixture fixture)
{
    private static IProjection[] Six => [.. Enumerable.Range(1, 6).Select(i => new SumsProjection($"test.sums{i}.v1"))];

    private static Task<long> OwnedAsync(EventLog log, Guid node) =>
        CountAsync(log, $"select count(*) from log.runners where node = '{node}'");

    private static async Task<long> CountAsync(EventLog log, string sql) => (long)(await log.AskAsync(sql))!;

    [Fact]
    public async Task A_new_node_gets_its_share_and_a_stopping_node_hands_its_share_over_before_its_lease_ends()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var first = await one.StartAsync(database, Six);
        await Eventually.TrueAsync(async () => await OwnedAsync(one, one.Coordinator.Node) == 6);
        await using (var two = await LogFixture.OpenAsync(database))
        {
            await using var second = await two.StartAsync(database, Six);
            await Eventually.TrueAsync(async () =>
                await OwnedAsync(one, two.Coordinator.Node) == 3 && await OwnedAsync(one, one.Coordinator.Node) == 3
            );
            for (var i = 0; i < 50; i++)
                await one.CountAsync();
            foreach (var host in (ProjectionHost[])[first, second])
                await host.WaitAsync(Six.Select(p => p.Name), one.Head, TestContext.Current.CancellationToken);
            for (var i = 1; i <= 6; i++)
                Assert.Equal(50L, await one.SumAsync($"views.test_sums{i}"));
        }
        Assert.Equal(1L, await CountAsync(one, "select count(*) from log.nodes"));
        await Eventually.TrueAsync(async () => await OwnedAsync(one, one.Coordinator.Node) == 6);
        await one.CountAsync();
        await first.WaitAsync(Six.Select(p => p.Name), one.Head, TestContext.Current.CancellationToken);
        Assert.Equal(51L, await one.SumAsync("views.test_sums6"));
    }

    [Fact]
    public async Task Work_that_a_restored_table_assigns_to_a_node_that_had_given_it_up_runs_again()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var first = await one.StartAsync(database, Six);
        await Eventually.TrueAsync(async () => await OwnedAsync(one, one.Coordinator.Node) == 6);
        await using var two = await LogFixture.OpenAsync(database);
        await using var second = await two.StartAsync(database, Six);
        await Eventually.TrueAsync(async () => await OwnedAsync(one, two.Coordinator.Node) == 3);

        // As at a moment before the second node came.
        await one.AskAsync($"update log.runners set node = '{one.Coordinator.Node}'");

        await Eventually.TrueAsync(async () => await OwnedAsync(one, two.Coordinator.Node) == 3);
        await one.CountAsync();
        foreach (var host in (ProjectionHost[])[first, second])
            await host.WaitAsync(Six.Select(p => p.Name), one.Head, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_fault_of_a_projection_is_known_on_nodes_that_do_not_run_it()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var two = await LogFixture.OpenAsync(database);
        await using var host = await one.StartAsync(
            database,
            new SumsProjection(folding: _ => throw new InvalidOperationException("this does not work"))
        );
        await one.CountAsync();
        var status = await two.UntilAsync(s => s.StandsAt == 1);
        Assert.Equal((RunnerState.Faulted, one.Coordinator.Node), (status.State, status.Node));
        Assert.Contains("this does not work", status.Error);
    }

    [Fact]
    public async Task Work_that_no_node_runs_is_shown_as_waiting()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        await using (await log.StartAsync(database, Six))
            await Eventually.TrueAsync(async () => await OwnedAsync(log, log.Coordinator.Node) == 6);
        for (var i = 1; i <= 6; i++)
            Assert.Null((await log.UntilAsync(s => s.State == RunnerState.Waiting, $"test.sums{i}.v1")).Node);
    }

    [Fact]
    public async Task An_idle_node_writes_its_own_row_and_no_other()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        await using var host = await log.StartAsync(database, Six);
        await Eventually.TrueAsync(async () => await OwnedAsync(log, log.Coordinator.Node) == 6);
        // The version of every row except the node's own.
        const string Versions = """
            select string_agg(v, ' ' order by v) from (
                select name || xmin::text as v from log.runners
                union all select name || xmin::text from log.mt_event_progression
                union all select name || xmin::text from log.parked_events) as rows
            """;
        for (var i = 1; i <= 6; i++)
            await log.UntilAsync(s => s.State == RunnerState.Running, $"test.sums{i}.v1");
        await Eventually.TrueAsync(async () =>
            await CountAsync(log, "select count(*) from log.mt_event_progression") == 6
        );
        var before = await log.AskAsync(Versions);
        for (var renewals = 0; renewals < 3; renewals++)
        {
            var seen = await log.AskAsync("select seen from log.nodes");
            await Eventually.TrueAsync(async () => !seen!.Equals(await log.AskAsync("select seen from log.nodes")));
        }
        Assert.Equal(before, await log.AskAsync(Versions));
    }

    [Fact]
    public async Task A_renewal_that_fails_for_the_length_of_a_lease_ends_what_the_node_runs()
    {
        await using var postgres = await Veza.EventStore.Postgres.LocalPostgres.StartEphemeralAsync();
        await using var log = await LogFixture.OpenAsync(postgres.ConnectionString);
        var (begun, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var stopping = new CancellationTokenSource();
        var running = log.Coordinator.RunAsync(
            "test.anything",
            "reaction",
            () => null,
            async ct =>
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                ended.TrySetResult();
            },
            stopping.Token
        );
        await begun.Task.WaitAsync(TestContext.Current.CancellationToken);
        await postgres.KillAsync();
        await ended.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(log.Coordinator.Fault);
        await stopping.CancelAsync();
        await running;
        await postgres.RestartAsync();
    }

    [Fact]
    public async Task A_late_node_without_a_session_loses_its_lease_early_and_one_with_a_session_keeps_it()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var (me, dead, slow) = (log.Coordinator.Node, Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var session = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(database)
            {
                Pooling = false,
                ApplicationName = NodeLeases.SessionName("runners", slow),
            }.ConnectionString
        );
        await session.OpenAsync(TestContext.Current.CancellationToken);
        // Seen in the future, so that no lease ends during this test. By the second value below, all are late.
        await log.AskAsync(
            "insert into log.nodes (id, runs, seen) select id, '{}', clock_timestamp() + interval '1 minute' "
                + $"from unnest(array['{dead}', '{slow}']::uuid[]) id returning 1"
        );
        await log.AskAsync(
            "insert into log.runners (name, kind, node) "
                + $"values ('test.of_dead', 'reaction', '{dead}'), ('test.of_slow', 'reaction', '{slow}') returning 1"
        );

        var roll = await NodeLeases.RenewAsync(
            log.ProcessorsDatabase,
            me,
            [],
            absentAfter: WorkCoordinator.LeaseFor,
            TestContext.Current.CancellationToken
        );
        Assert.Equivalent(new[] { me, dead, slow }, roll.Candidates.Keys, strict: true);
        roll = await NodeLeases.RenewAsync(
            log.ProcessorsDatabase,
            me,
            [],
            absentAfter: TimeSpan.FromHours(-1),
            TestContext.Current.CancellationToken
        );
        Assert.Equivalent(new[] { me, slow }, roll.Candidates.Keys, strict: true);
        Assert.Null(roll.Owners["test.of_dead"]);
        Assert.Equal(slow, roll.Owners["test.of_slow"]);
        Assert.Equal(
            "test.of_dead",
            Assert.Single(
                await NodeLeases.TakeAsync(
                    log.ProcessorsDatabase,
                    me,
                    ["test.of_dead", "test.of_slow"],
                    TestContext.Current.CancellationToken
                )
            )
        );
    }

    [Fact]
    public async Task A_node_cut_off_from_the_database_loses_its_work_and_gets_a_share_again_when_it_reconnects()
    {
        var database = await fixture.NewDatabaseAsync();
        var role = $"cut_{Guid.CreateVersion7():N}";
        await using var two = await LogFixture.OpenAsync(database);
        await two.AskAsync($"create role {role} superuser login password 'cut'");
        var asRole = new NpgsqlConnectionStringBuilder(database) { Username = role, Password = "cut" }.ConnectionString;
        await using var one = await LogFixture.OpenAsync(asRole);
        await using var first = await one.StartAsync(asRole, Six);
        await using var second = await two.StartAsync(database, Six);
        await Eventually.TrueAsync(async () =>
            await OwnedAsync(two, one.Coordinator.Node) == 3 && await OwnedAsync(two, two.Coordinator.Node) == 3
        );
        for (var i = 0; i < 20; i++)
            await two.CountAsync();
        await two.AskAsync($"alter role {role} nologin");
        // Nothing is released: its row and its work stay as they are.
        await two.AskAsync($"select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = '{role}'");
        await Eventually.TrueAsync(async () => await OwnedAsync(two, two.Coordinator.Node) == 6);
        for (var i = 0; i < 20; i++)
            await two.CountAsync();
        await second.WaitAsync(Six.Select(p => p.Name), two.Head, TestContext.Current.CancellationToken);
        await two.AskAsync($"alter role {role} login");
        await Eventually.TrueAsync(async () =>
            await OwnedAsync(two, one.Coordinator.Node) == 3 && await OwnedAsync(two, two.Coordinator.Node) == 3
        );
        for (var i = 0; i < 20; i++)
            await two.CountAsync();
        await second.WaitAsync(Six.Select(p => p.Name), two.Head, TestContext.Current.CancellationToken);
        for (var i = 1; i <= 6; i++)
            Assert.Equal(60L, await two.SumAsync($"views.test_sums{i}"));
    }
}
