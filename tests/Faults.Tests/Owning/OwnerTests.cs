using System.Diagnostics;
using Npgsql;
using Veza.EventStore.Projections;
using Veza.Faults.Tests.Network;
using Veza.Faults.Tests.Nodes;

namespace Veza.Faults.Tests.Owning;

/// <summary>
/// A node that owns shards of a projection dies, freezes or is cut off in the middle of a transaction. Another node
/// takes them over within five seconds, and no event counts twice.
/// </summary>
public class OwnerTests(FaultServer server, LoopbackServer loopback) : IClassFixture<LoopbackServer>
{
    /// <summary>The longest time of a hand-over.</summary>
    private static readonly TimeSpan HandOverMax = TimeSpan.FromSeconds(5);

    /// <summary>The minimum number of events, from at least a third as many commands.</summary>
    private const long EventsMin = 500;

    [Fact]
    public async Task The_shards_of_a_node_that_is_killed_go_on_within_five_seconds_and_count_each_event_once()
    {
        await using var trial = await server.BeginAsync();
        var survivor = await trial.OpenNodeAsync("survivor");
        await using var host = await Tallies.RunAsync(survivor.Log, trial.ConnectionString);
        survivor.Load(writers: 4, Extent.Seed);
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var owner = await trial.StartNodeAsync($"owner {round}", writers: 0, NodeWork.Own);
            await OwnsAsync(trial, survivor, 2);
            await owner.KillAsync();
            await HandedOverAsync(trial, survivor);
        }
        await EachOnceAsync(trial, survivor, host);
    }

    [Fact]
    public async Task The_shards_of_a_node_that_stops_in_order_are_taken_over_without_waiting_for_a_lease()
    {
        await using var trial = await server.BeginAsync();
        var survivor = await trial.OpenNodeAsync("survivor");
        await using var host = await Tallies.RunAsync(survivor.Log, trial.ConnectionString);
        survivor.Load(writers: 4, Extent.Seed);
        var owner = await trial.StartNodeAsync("owner", writers: 0, NodeWork.Own);
        await OwnsAsync(trial, survivor, 2);
        await owner.StopAsync();
        // It has released its work, so no lease must run out.
        Assert.Equal(1L, await trial.AskAsync<long>("select count(*) from log.nodes"));
        await HandedOverAsync(trial, survivor);
        await EachOnceAsync(trial, survivor, host);
    }

    [Fact]
    public async Task A_node_frozen_in_its_transactions_loses_its_shards_and_writes_nothing_when_it_resumes()
    {
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            await using var trial = await server.BeginAsync();
            var survivor = await trial.OpenNodeAsync("survivor");
            await using var host = await Tallies.RunAsync(survivor.Log, trial.ConnectionString);
            survivor.Load(writers: 4, Extent.Seed);
            var owner = await trial.StartNodeAsync("owner", writers: 0, NodeWork.Own);
            await OwnsAsync(trial, survivor, 2);
            await InTransactionsAsync(trial, survivor, () => owner.Signal("STOP"));
            await HandedOverAsync(trial, survivor);
            // The locks of the other node do not block it.
            await host.WaitAsync([Tallies.ProjectionName], survivor.Log.Head, TestContext.Current.CancellationToken);
            owner.Signal("CONT");
            // It continues as an ordinary node and gets its share again.
            await OwnsAsync(trial, survivor, 2);
            await EachOnceAsync(trial, survivor, host);
        }
    }

    [Fact]
    public async Task A_node_cut_off_in_its_transactions_loses_its_shards_and_counts_nothing_twice_when_it_returns()
    {
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            await using var trial = new Trial(loopback.Postgres, await loopback.NewDatabaseAsync());
            await using var proxy = new FaultyProxy(loopback.Postgres.Port);
            var survivor = await trial.OpenNodeAsync("survivor");
            await using var host = await Tallies.RunAsync(survivor.Log, trial.ConnectionString);
            survivor.Load(writers: 4, Extent.Seed);
            // In its own process, because the waits of a node that is cut off would take the survivor's threads.
            await trial.StartNodeAsync("cut off", writers: 0, NodeWork.Own, through: proxy);
            await OwnsAsync(trial, survivor, 2);
            await InTransactionsAsync(trial, survivor, proxy.BeginBlackHole);
            await HandedOverAsync(trial, survivor);
            // The locks of the other node do not block it.
            await host.WaitAsync([Tallies.ProjectionName], survivor.Log.Head, TestContext.Current.CancellationToken);
            proxy.EndBlackHole();
            // The server ended the old sessions and resets any client that uses one.
            proxy.CutAll();
            await OwnsAsync(trial, survivor, 2);
            await EachOnceAsync(trial, survivor, host);
        }
    }

    [Fact]
    public async Task A_session_that_a_lapsed_node_left_in_a_transaction_is_ended_and_what_it_had_locked_is_free()
    {
        await using var trial = await server.BeginAsync();
        var survivor = await trial.OpenNodeAsync("survivor");
        await using var host = await Tallies.RunAsync(survivor.Log, trial.ConnectionString);
        survivor.Load(writers: 4, Extent.Seed);
        var (lapsed, living) = (Guid.CreateVersion7(), survivor.Log.Coordinator.Node);
        // A build's transaction remains open: its node stopped between two of its statements.
        await using var left = await InTransactionOfAsync(
            lapsed,
            "lock table views.faults_tallies_v1 in share row exclusive mode"
        );
        await using var other = await InTransactionOfAsync(living, "select 1");
        await trial.AskAsync<object?>(
            "insert into log.nodes (id, runs, seen) "
                + $"values ('{lapsed}', '{{}}', clock_timestamp() - interval '1 minute') returning 1"
        );
        await UntilAsync(trial, $"select count(*) from pg_stat_activity where pid = {left.ProcessID}", 0, HandOverMax);
        await UntilAsync(trial, $"select count(*) from log.nodes where id = '{lapsed}'", 0, HandOverMax);
        await EachOnceAsync(trial, survivor, host);
        Assert.Equal(
            1L,
            await trial.AskAsync<long>(
                $"select count(*) from pg_stat_activity where pid = {other.ProcessID} and state = 'idle in transaction'"
            )
        );

        async Task<NpgsqlConnection> InTransactionOfAsync(Guid node, string sql)
        {
            var session = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(trial.ConnectionString)
                {
                    Pooling = false,
                    ApplicationName = $"veza-projections {node}",
                }.ConnectionString
            );
            await session.OpenAsync();
            await using var held = new NpgsqlCommand($"begin; {sql}", session);
            await held.ExecuteNonQueryAsync();
            return session;
        }
    }

    /// <summary>
    /// Strikes the other node while the server holds the transactions of its two shards in a wait for a lock, then
    /// releases the lock. They end without the node, which does not learn the outcome.
    /// </summary>
    private static async Task InTransactionsAsync(Trial trial, LocalNode survivor, Action strike)
    {
        var sessions =
            "from pg_stat_activity where datname = current_database() "
            + "and application_name like 'veza-projections %' and application_name <> 'veza-projections "
            + $"{survivor.Log.Coordinator.Node}'";
        await using (
            var holder = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(trial.ConnectionString) { Pooling = false }.ConnectionString
            )
        )
        {
            await holder.OpenAsync();
            await using var transaction = await holder.BeginTransactionAsync();
            await using (
                var hold = new NpgsqlCommand(
                    "lock table views.faults_tallies_v1 in share row exclusive mode",
                    holder,
                    transaction
                )
            )
                await hold.ExecuteNonQueryAsync();
            await UntilAsync(
                trial,
                $"select count(*) {sessions} and wait_event_type = 'Lock'",
                2,
                TimeSpan.FromSeconds(30)
            );
            strike();
        }
        // A step is one batch and thereby one transaction that the server has completely. None stays open for a node
        // that will not commit it.
        await UntilAsync(trial, $"select count(*) {sessions} and state <> 'idle'", 0, TimeSpan.FromSeconds(30));
    }

    private static async Task HandedOverAsync(Trial trial, LocalNode survivor)
    {
        var since = Stopwatch.StartNew();
        await UntilAsync(
            trial,
            $"select count(*) from log.runners where node = '{survivor.Log.Coordinator.Node}'",
            4,
            HandOverMax
        );
        TestContext.Current.TestOutputHelper?.WriteLine($"handed over in {since.Elapsed.TotalMilliseconds:0} ms");
    }

    /// <summary>Waits until the survivor has that many of the four shards, and the other node the rest.</summary>
    private static Task OwnsAsync(Trial trial, LocalNode survivor, int shards) =>
        UntilAsync(
            trial,
            $"select 10 * count(*) filter (where node = '{survivor.Log.Coordinator.Node}') "
                + $"+ count(*) filter (where node <> '{survivor.Log.Coordinator.Node}') from log.runners",
            (10 * shards) + 4 - shards,
            TimeSpan.FromSeconds(30)
        );

    private static async Task EachOnceAsync(Trial trial, LocalNode survivor, ProjectionHost host)
    {
        // A load that ends soon would count too little to prove anything.
        while (survivor.Log.Head < EventsMin)
            await survivor.Log.Tail.WaitAsync(survivor.Log.Head, TestContext.Current.CancellationToken);
        await survivor.StopLoadAsync();
        await host.WaitAsync([Tallies.ProjectionName], survivor.Log.Head, TestContext.Current.CancellationToken);
        Assert.True(await trial.AskAsync<long>("select count(*) from views.faults_tallies_v1") > 100);
        Assert.Equal(0L, await trial.AskAsync<long>(Tallies.Differences));
        await trial.HoldsAsync();
    }

    private static Task UntilAsync(Trial trial, string sql, long count, TimeSpan atMost) =>
        Eventually.TrueAsync(async () => await trial.AskAsync<long>(sql) == count, atMost, $"{count} of: {sql}");
}
