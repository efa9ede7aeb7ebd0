using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Projections;

public class ProjectionRunnerTests(LogFixture fixture)
{
    public sealed record Total(Guid Id, int Sum, int? Largest, string Note, DateTimeOffset ChangedAt);

    /// <summary>Adds up, so that an event applied twice or not at all shows.</summary>
    private sealed class TotalsProjection : Projection<Total, Guid>
    {
        public override string Name => "test.totals.v1";

        public TotalsProjection()
        {
            Identity<Counted>(e => e.Id);
            Identity<Cleared>(e => e.Id);
            Index("sum");
        }

        public static Total Create(Counted e, RecordedEvent at) =>
            new(e.Id, e.By, e.By > 0 ? e.By : null, e.Note, at.At);

        public static Total Apply(Counted e, Total row, RecordedEvent at) =>
            row with
            {
                Sum = row.Sum + e.By,
                Largest = Math.Max(row.Largest ?? e.By, e.By),
                Note = e.Note,
                ChangedAt = at.At,
            };

        public static Total? Apply(Cleared _, Total row) => null;
    }

    [Fact]
    public async Task Each_event_counts_once_across_restarts()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        var streams = Enumerable.Range(0, 10).Select(_ => Guid.CreateVersion7()).ToArray();
        for (var run = 0; run < 5; run++)
        {
            await using var host = await StartAsync(log, database, new TotalsProjection());
            for (var i = 0; i < 40; i++)
                await AddAsync(log, streams[i % 10], 1);
            await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        }
        Assert.Equal(200L, await ScalarAsync(log, "select sum(sum) from views.test_totals"));
    }

    [Fact]
    public async Task Two_runners_of_one_projection_do_not_double_it()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var one = await StartAsync(log, database, new TotalsProjection());
        await using var two = await StartAsync(log, database, new TotalsProjection());
        var stream = Guid.CreateVersion7();
        for (var i = 0; i < 200; i++)
            await AddAsync(log, stream, 1);
        await Task.WhenAll(
            one.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken),
            two.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken)
        );
        Assert.Equal(200L, await ScalarAsync(log, "select sum(sum) from views.test_totals"));
    }

    [Fact]
    public async Task Rows_of_events_that_a_restore_took_away_are_reported_until_they_are_rebuilt()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await StartAsync(log, database, new TotalsProjection());
        var stream = Guid.CreateVersion7();
        for (var i = 0; i < 5; i++)
            await AddAsync(log, stream, 1);
        await host.WaitAsync(["test.totals.v1"], 5, TestContext.Current.CancellationToken);
        await ScalarAsync(
            log,
            "with events as (delete from log.mt_events where seq_id > 2), links as (delete from log.chain "
                + "where position > 2) select 1"
        );

        // Breaks every connection, as a restore does. The next connection reports the fork.
        await using (
            var other = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString
            )
        )
        await using (
            var end = other.CreateCommand(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                    + "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
            await end.ExecuteScalarAsync(TestContext.Current.CancellationToken);

        await Eventually.TrueAsync(() =>
            host.Status[0] is { State: ProjectionState.Faulted, Error: { } error }
            && error.Contains("only a rebuild repairs them")
        );
        Assert.Equal((1, 2), (log.HistoryGeneration, log.Head));
        Assert.Equal(2, (await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None)).Version);
    }

    [Fact]
    public async Task A_removed_row_is_gone_and_may_come_back()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await StartAsync(log, database, new TotalsProjection());
        var stream = Guid.CreateVersion7();
        await AddAsync(log, stream, 3);
        await log.Appender.AppendAsync(Command(Change(stream, 1, new Cleared(stream))));
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        Assert.Equal(0L, await ScalarAsync(log, "select count(*) from views.test_totals"));
        await AddAsync(log, stream, 4);
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        Assert.Equal(4L, await ScalarAsync(log, "select sum(sum) from views.test_totals"));
    }

    [Fact]
    public async Task A_faulted_projection_says_so_and_holds_up_no_other()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await StartAsync(log, database, new TotalsProjection(), new BrokenProjection());
        await AddAsync(log, Guid.CreateVersion7(), 1);
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        ProjectionStatus broken;
        do
        {
            broken = host.Status.Single(s => s.Name == "test.broken.v1");
            await Task.Yield();
        } while (broken.Error is null);
        Assert.Equal((ProjectionState.Faulted, 0L), (broken.State, broken.Position));
    }

    [Fact]
    public async Task Commits_that_a_crash_of_the_database_lost_are_made_again_though_nothing_new_happens()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenAsync(database);
        await using var host = await StartAsync(log, database, new TotalsProjection());
        await AddAsync(log, Guid.CreateVersion7(), 7);
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        // A crash before the flush loses the row and the checkpoint of a commit.
        await ScalarAsync(
            log,
            "with gone as (delete from views.test_totals) update log.mt_event_progression "
                + "set last_seq_id = 0 where name = 'test.totals.v1'"
        );
        await Eventually.TrueAsync(async () => await ScalarAsync(log, "select sum(sum) from views.test_totals") is 7L);
    }

    [Fact]
    public async Task A_projection_with_nothing_to_do_is_healthy_again_after_the_database_was_away()
    {
        await using var postgres = await Veza.EventStore.Postgres.LocalPostgres.StartEphemeralAsync();
        await using var log = await OpenAsync(postgres.ConnectionString);
        await using var host = await StartAsync(log, postgres.ConnectionString, new TotalsProjection());
        await AddAsync(log, Guid.CreateVersion7(), 7);
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        await postgres.KillAsync();
        await BecomesAsync(ProjectionState.Faulted);
        await postgres.RestartAsync();
        await BecomesAsync(ProjectionState.Running);
        Assert.Equal(7L, await ScalarAsync(log, "select sum(sum) from views.test_totals"));

        Task BecomesAsync(ProjectionState state) =>
            Eventually.TrueAsync(() => host.Status.Single().State == state, what: state.ToString());
    }

    [Fact]
    public async Task A_database_crash_right_after_the_start_loses_neither_the_projection_nor_its_lease()
    {
        await using var postgres = await Veza.EventStore.Postgres.LocalPostgres.StartEphemeralAsync();
        await using var log = await OpenAsync(postgres.ConnectionString);
        // An unflushed commit reaches the disk so late that the crash surely loses it.
        await ScalarAsync(log, "alter system set wal_writer_delay = '10s'");
        await ScalarAsync(log, "select pg_reload_conf()");
        await using var host = await StartAsync(log, postgres.ConnectionString, new TotalsProjection());
        await Eventually.TrueAsync(async () =>
            await ScalarAsync(log, "select count(*) from log.runners where node is not null") is 1L
        );
        await postgres.KillAsync();
        await postgres.RestartAsync();
        await AddAsync(log, Guid.CreateVersion7(), 7);
        await host.WaitAsync(["test.totals.v1"], log.Head, TestContext.Current.CancellationToken);
        Assert.Equal(7L, await ScalarAsync(log, "select sum(sum) from views.test_totals"));
    }

    private sealed class BrokenProjection : Projection<Total, Guid>
    {
        public override string Name => "test.broken.v1";

        public BrokenProjection() => Identity<Counted>(e => e.Id);

        public static Total Create(Counted _) => throw new InvalidOperationException("this projection does not work");
    }

    private static async Task<ProjectionHost> StartAsync(
        EventLog log,
        string database,
        params IProjection[] projections
    )
    {
        var host = await ProjectionHost.OpenAsync(
            log,
            database,
            projections,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        return host;
    }

    private static async Task AddAsync(EventLog log, Guid stream, int by)
    {
        var at = (await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None)).Version;
        await log.Appender.AppendAsync(Command(Change(stream, at, new Counted(stream, by))));
    }

    private static async Task<object?> ScalarAsync(EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
