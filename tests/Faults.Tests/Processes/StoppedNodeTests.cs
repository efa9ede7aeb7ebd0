using Npgsql;
using Veza.Faults.Tests.Nodes;

namespace Veza.Faults.Tests.Processes;

/// <summary>
/// A node that is stopped (SIGSTOP: a frozen virtual machine, a debugger) keeps its connection. Its backend must not
/// hold the log's lock meanwhile.
/// </summary>
public class StoppedNodeTests(FaultServer server)
{
    /// <summary>The append lock in pg_locks, with its holder and its waiters.</summary>
    private const string LockOf =
        "from pg_locks l join pg_stat_activity a using (pid) "
        + "where l.locktype = 'advisory' and l.classid = 7310573 and l.objid = 1 "
        + "and a.application_name = 'veza-append' and a.datname = current_database()";

    private const string AnybodyWaits =
        "from pg_locks where locktype = 'advisory' and classid = 7310573 and objid = 1 and not granted "
        + "and database = (select oid from pg_database where datname = current_database())";

    [Fact]
    public async Task A_node_frozen_while_its_batch_is_with_the_database_blocks_no_other_and_resumes_with_its_answers()
    {
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            // A database for each round: nodes of the round before would wait for the lock too, and be mistaken for the
            // stopped one.
            await using var trial = await server.BeginAsync();
            var other = await trial.OpenNodeAsync("other");
            trial.Watch(readers: 1);
            var stopped = await trial.StartNodeAsync("stopped", writers: 16);
            await Eventually.TrueAsync(() => stopped.Accepted >= 50, what: "the node's first answers");
            await using (await HoldLockAsync(trial))
            {
                await UntilCountAsync(
                    trial,
                    $"select count(*) {LockOf} and not l.granted",
                    1,
                    "a batch of the node's waiting for the lock"
                );
                stopped.Signal("STOP");
            }
            // The batch commits without its node and releases the lock.
            await UntilCountAsync(trial, $"select count(*) {LockOf}", 0, "the end of the stopped node's statement");
            var load = other.Load(writers: 8, Extent.Seed + round);
            await trial.ProgressAsync("SIGSTOP", "other");
            await Eventually.TrueAsync(
                () => load.Accepted >= Extent.AcceptedBetween,
                what: "the other node's share of the load"
            );

            stopped.Signal("CONT");
            await trial.ProgressAsync("SIGCONT", stopped.Name, "other");
            await trial.HoldsAsync();
        }
    }

    [Fact]
    public async Task Not_even_an_answer_too_long_for_a_stopped_nodes_socket_keeps_the_lock()
    {
        await using var trial = await server.BeginAsync();
        var other = await trial.OpenNodeAsync("other");
        var stopped = await trial.StartNodeAsync("stopped", writers: 400, NodeWork.RepeatAtOnce);
        await using (var first = await HoldLockAsync(trial))
        {
            await stopped.GoOnAsync();
            await Eventually.TrueAsync(
                () => trial.History.Calls.Count(c => c.Ask.Node == "stopped") == 800,
                what: "all repeats"
            );
            await UntilCountAsync(
                trial,
                $"select count(*) {LockOf} and not l.granted",
                1,
                "the first repeat waiting for the lock"
            );
            // It is alone in its batch. The next batch has all the others, so the lock is taken in between.
            var second = HoldLockAsync(trial);
            await UntilCountAsync(
                trial,
                $"select count(*) {AnybodyWaits}",
                2,
                "the second holder in the queue for the lock"
            );
            await first.DisposeAsync();
            await using (await second)
            {
                // 399 repeats with 4 kB answers each make 1.6 MB, far more than a socket's buffers take.
                await UntilCountAsync(
                    trial,
                    $"select count(*) {LockOf} and not l.granted",
                    1,
                    "the other repeats waiting for the lock"
                );
                stopped.Signal("STOP");
            }
        }
        other.Load(writers: 4, Extent.Seed);
        await trial.ProgressAsync("SIGSTOP with a long answer on its way", "other");
        stopped.Signal("CONT");
        await trial.HoldsAsync();
    }

    private static async Task<NpgsqlConnection> HoldLockAsync(Trial trial)
    {
        var holder = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(trial.ConnectionString) { Pooling = false }.ConnectionString
        );
        await holder.OpenAsync();
        await using var take = new NpgsqlCommand("select pg_advisory_lock(7310573, 1)", holder);
        await take.ExecuteNonQueryAsync();
        return holder;
    }

    private static async Task UntilCountAsync(Trial trial, string sql, long count, string what)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var looks = 0; await trial.AskAsync<long>(sql) != count; looks++)
        {
            if (looks == 1000)
                Assert.Fail($"{what} has not come after {looks} looks");
            await look.WaitForNextTickAsync();
        }
    }
}
