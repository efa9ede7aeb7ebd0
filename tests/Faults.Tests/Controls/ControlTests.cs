using System.Diagnostics;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Checking;
using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Controls;

/// <summary>
/// The checkers must find the faults of stores that break promises. Otherwise their silence about the log would prove
/// nothing.
/// </summary>
public class ControlTests(FaultServer server)
{
    [Fact]
    public async Task A_store_that_acknowledges_before_its_commit_is_caught_when_the_server_dies()
    {
        await using var trial = await server.BeginAsync();
        await (await trial.OpenNodeAsync("makes the tables")).Log.DisposeAsync();
        await using var store = new AcknowledgesBeforeCommit(trial.ConnectionString);
        // The last ten are acknowledged but not committed.
        for (var i = 0; i < AcknowledgesBeforeCommit.CommitEvery + 10; i++)
            await AskAsync(trial, store.AppendAsync, NewStream());
        await trial.Postgres.KillAsync();
        await trial.Postgres.RestartAsync();

        var violations = await ViolationsAsync(trial);
        Assert.Equal(10, violations.Count(v => v.Promise == Promises.AcknowledgedSurvives));
    }

    [Fact]
    public async Task A_store_that_numbers_by_a_bare_sequence_is_caught_by_the_gap_a_refused_command_leaves()
    {
        await using var trial = await server.BeginAsync();
        await (await trial.OpenNodeAsync("makes the tables")).Log.DisposeAsync();
        var store = new NumbersByBareSequence(trial.ConnectionString, _ => Task.CompletedTask);
        var stream = Guid.CreateVersion7();
        await AskAsync(trial, store.AppendAsync, MixedLoad.Command((stream, 0, 1)));
        await AskAsync(trial, store.AppendAsync, MixedLoad.Command((stream, 0, 1)));
        await AskAsync(trial, store.AppendAsync, MixedLoad.Command((stream, 1, 1)));

        Assert.Contains(await ViolationsAsync(trial), v => v.Promise == Promises.Dense);
    }

    [Fact]
    public async Task A_store_that_numbers_by_a_bare_sequence_is_caught_by_what_appears_below_the_head()
    {
        await using var trial = await server.BeginAsync();
        await (await trial.OpenNodeAsync("makes the tables")).Log.DisposeAsync();
        trial.Watch(readers: 1);
        var (slow, quick) = (NewStream(), NewStream());
        var (written, seen) = (new TaskCompletionSource(), new TaskCompletionSource());
        var store = new NumbersByBareSequence(trial.ConnectionString, async request =>
        {
            if (request != slow)
                return;
            written.SetResult();
            await seen.Task;
        });
        var slowly = AskAsync(trial, store.AppendAsync, slow);
        await written.Task;
        await AskAsync(trial, store.AppendAsync, quick);
        await Eventually.TrueAsync(() => trial.History.Snapshots.Count > 0, what: "a snapshot between the two commits");
        seen.SetResult();
        await slowly;

        // At the end there is no gap; only a reader in between has seen one.
        var violations = await ViolationsAsync(trial);
        Assert.All(violations, v => Assert.Equal(Promises.Dense, v.Promise));
        Assert.Contains(violations, v => v.What.Contains("saw 1 events from 2 to 2"));
    }

    [Fact]
    public async Task A_store_that_retries_blindly_is_caught_by_its_doubles()
    {
        await using var trial = await server.BeginAsync();
        var node = await trial.OpenNodeAsync("node");
        var store = new RetriesBlindly(node.Log.Appender.AppendAsync, isLost: answer => answer % 25 == 0);
        var load = new MixedLoad(request => AskAsync(trial, store.AppendAsync, request), Extent.Seed);
        using var stop = new CancellationTokenSource();
        var running = load.RunAsync(writers: 8, stop.Token);
        await Eventually.TrueAsync(() => load.Accepted >= 200, what: "the load");
        await stop.CancelAsync();
        await running;

        var violations = await ViolationsAsync(trial);
        Assert.Contains(violations, v =>
            v.Promise == Promises.AtMostOnce && v.What.StartsWith("no caller sent", StringComparison.Ordinal)
        );
        Assert.Contains(violations, v => v.Promise == Promises.AtMostOnce && v.What.StartsWith('{'));
    }

    /// <summary>
    /// Removes the lock from the function that Marten sessions append through, and waits in its place while another
    /// session appends.
    /// </summary>
    [Fact]
    public async Task An_append_function_that_skips_the_lock_is_caught()
    {
        await using var trial = await server.BeginAsync();
        await (await trial.OpenNodeAsync("makes the tables")).Log.DisposeAsync();
        await trial.ExecuteAsync(
            """
            do $replace$
            declare
                body text := pg_get_functiondef('log.mt_quick_append_events'::regproc);
            begin
                -- The primary key of positions would stop most of it; a store without the lock has no such key either.
                alter table log.mt_events drop constraint mt_events_pkey;
                alter table log.chain drop constraint chain_pkey;
                execute replace(body, 'perform pg_advisory_xact_lock(7310573, 1);', '');
            end $replace$
            """
        );
        await using var store = new SessionStore(trial.ConnectionString);
        var load = new MixedLoad(
            request => AskAsync(trial, store.AppendAsync, request),
            Extent.Seed,
            streamsOnly: true
        );
        using var stop = new CancellationTokenSource();
        var running = load.RunAsync(writers: 8, stop.Token);
        await Eventually.TrueAsync(
            async () => await trial.AskAsync<long>("select count(*) - count(distinct seq_id) from log.mt_events") > 0,
            what: "two events at one position"
        );
        await stop.CancelAsync();
        await running;

        Assert.Contains(await ViolationsAsync(trial), v => v.Promise == Promises.Dense);
    }

    [Fact]
    public async Task The_log_itself_is_caught_on_a_server_that_acknowledges_before_it_flushes()
    {
        await using var careless = await LocalPostgres.StartEphemeralAsync(fsync: false);
        await using var trial = new Trial(careless, careless.ConnectionString);
        // Such a server writes acknowledged data a moment later; this setting makes the moment long.
        await trial.ExecuteAsync("alter system set wal_writer_delay = '10s'");
        await trial.ExecuteAsync("select pg_reload_conf()");
        var node = await trial.OpenNodeAsync("node");
        IReadOnlyList<Violation> violations = [];
        for (var round = 0; round < 5 && violations is []; round++)
        {
            for (var i = 0; i < 50; i++)
                await node.AskAsync(NewStream());
            await careless.KillAsync();
            await careless.RestartAsync();
            violations = Checkers.Check(
                trial.History,
                await LogAtEnd.ReadAsync(trial.ConnectionString, CancellationToken.None)
            );
        }
        Print(violations);
        Assert.Contains(violations, v => v.Promise == Promises.AcknowledgedSurvives);
        Assert.Contains(violations, v => v.Promise == Promises.DurableBeforeSeen);
    }

    /// <summary>
    /// kill -9 leaves the kernel's page cache intact; only a power cut would lose it. Restoring an earlier copy of the
    /// data folder has the same effect.
    /// </summary>
    [Fact]
    public async Task The_log_itself_is_caught_on_a_disk_that_loses_acknowledged_writes()
    {
        await using var forgetful = await LocalPostgres.StartEphemeralAsync(fsync: false);
        await using var trial = new Trial(forgetful, forgetful.ConnectionString);
        await (await trial.OpenNodeAsync("makes the tables")).Log.DisposeAsync();
        // Flushes the tables only: such a server flushes nothing else.
        await using (var safe = NpgsqlDataSource.Create(forgetful.ConnectionString))
        await using (var checkpoint = safe.CreateCommand("checkpoint"))
            await checkpoint.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await forgetful.KillAsync("QUIT");
        await ShellAsync("""cp -a "$1" "$1.flushed" """, forgetful.DataFolder);
        await forgetful.RestartAsync();

        var node = await trial.OpenNodeAsync("node");
        trial.Watch(readers: 1);
        for (var i = 0; i < 30; i++)
            await node.AskAsync(NewStream());
        await Eventually.TrueAsync(() => trial.History.Sightings.Any(s => !s.Live), what: "a reader's first sighting");
        await trial.StopAsync();
        await node.Log.DisposeAsync();
        await forgetful.KillAsync("QUIT");
        await ShellAsync("""rm -rf "$1" && mv "$1.flushed" "$1" """, forgetful.DataFolder);
        await forgetful.RestartAsync();

        var violations = await ViolationsAsync(trial);
        Assert.Equal(30, violations.Count(v => v.Promise == Promises.AcknowledgedSurvives));
        Assert.Contains(violations, v => v.Promise == Promises.NeverChanges);
        Assert.Equal(30, violations.Count(v => v.Promise == Promises.DurableBeforeSeen));
    }

    private static AppendRequest NewStream() => MixedLoad.Command((Guid.CreateVersion7(), 0, 1));

    private static Task<Answer> AskAsync(
        Trial trial,
        Func<AppendRequest, Task<AppendOutcome>> store,
        AppendRequest request
    ) => trial.History.AppendAsync("store", store, request, MixedLoad.Types);

    private static async Task<IReadOnlyList<Violation>> ViolationsAsync(Trial trial)
    {
        await trial.StopAsync();
        var violations = Checkers.Check(
            trial.History,
            await LogAtEnd.ReadAsync(trial.ConnectionString, CancellationToken.None)
        );
        Print(violations);
        return violations;
    }

    private static void Print(IReadOnlyList<Violation> violations)
    {
        foreach (var promise in violations.GroupBy(v => v.Promise))
            TestContext.Current.TestOutputHelper?.WriteLine($"caught {promise.Count()}, such as: {promise.First()}");
    }

    private static async Task ShellAsync(string script, string folder)
    {
        using var shell = Process.Start("sh", ["-c", script, "sh", folder]);
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
    }
}
