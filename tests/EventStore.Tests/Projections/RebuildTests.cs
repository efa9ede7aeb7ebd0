using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Projections;
using static Veza.EventStore.Tests.LogFixture;
using static Veza.EventStore.Tests.Projections.RebuiltProjections;

namespace Veza.EventStore.Tests.Projections;

public class RebuildTests(LogFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_that_were_damaged_are_whole_after_a_rebuild_and_go_on_from_there()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        var stream = Guid.CreateVersion7();
        await node.AddAsync(stream, 1, 30);
        await node.WaitAsync();
        await node.RunAsync("update views.test_sums set total = 1000");
        await node.RebuildAsync("test.sums.v1");
        Assert.Equal(30L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
        // The runner had the damaged row in memory at the very position of the swap.
        await node.AddAsync(stream, 1, 5);
        await node.WaitAsync();
        Assert.Equal(35L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
        Assert.Equal(
            ["test_sums_v1_i1", "test_sums_v1_pkey"],
            await node.ListAsync("select indexname::text from pg_indexes where tablename = 'test_sums_v1' order by 1")
        );
    }

    [Fact]
    public async Task A_reader_during_rebuilds_under_load_never_sees_less_than_before()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        var streams = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        foreach (var stream in streams)
            await node.AddAsync(stream, 1, 50);
        await node.WaitAsync();
        using var done = new CancellationTokenSource();
        var load = Task.Run(
            async () =>
            {
                for (var i = 0; !done.IsCancellationRequested; i++)
                    await node.AddAsync(streams[i % streams.Length], 1, 1);
            },
            Ct
        );
        var readers = Enumerable
            .Range(0, 3)
            .Select(_ =>
                Task.Run(
                    async () =>
                    {
                        long last = 0,
                            reads = 0;
                        for (; !done.IsCancellationRequested; reads++)
                        {
                            var now = await node.AskAsync<long>("select coalesce(sum(total), 0) from views.test_sums");
                            Assert.True(now >= last, $"after {last} a reader saw {now}");
                            last = now;
                            // The row that the reader waited for is visible, in the old table or the new one.
                            var head = node.Log.Head;
                            await node.Host.WaitAsync(["test.sums.v1"], head, Ct);
                            last = await node.AskAsync<long>("select coalesce(sum(total), 0) from views.test_sums");
                            Assert.True(last >= head, $"after waiting for {head} a reader saw {last}");
                        }
                        return reads;
                    },
                    Ct
                )
            )
            .ToArray();
        for (var i = 0; i < 5; i++)
            await node.RebuildAsync("test.sums.v1");
        await done.CancelAsync();
        await load;
        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
        await node.WaitAsync();
        Assert.Equal(node.Log.Head, await node.AskAsync<long>("select sum(total) from views.test_sums"));
    }

    [Fact]
    public async Task A_build_that_was_cut_off_goes_on_where_it_was()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var node = await Node.StartAsync(database, new Sums());
        var stream = Guid.CreateVersion7();
        await node.AddAsync(stream, 1, 100);
        await node.WaitAsync();
        await CutOffAsync(node, stream, node.Log.Epoch);
        await node.BuiltAsync();
        Assert.Equal(1100L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
    }

    [Fact]
    public async Task A_build_of_another_history_begins_anew()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        var stream = Guid.CreateVersion7();
        await node.AddAsync(stream, 1, 100);
        await node.WaitAsync();
        await CutOffAsync(node, stream, "another");
        await node.BuiltAsync();
        Assert.Equal(100L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
    }

    /// <summary>
    /// A build whose node died after its first transaction: the rows hold 40 events, marked by a number that no fold
    /// yields.
    /// </summary>
    private static Task CutOffAsync(Node node, Guid stream, string epoch) =>
        node.RunAsync(
            $"""
            create table views.test_sums_v1_build (like views.test_sums_v1 including all);
            insert into views.test_sums_v1_build values ('{stream}', 1040);
            insert into log.builds (name, epoch, position, events) values ('test.sums.v1', '{epoch}', 40, 40)
            """
        );

    [Fact]
    public async Task A_cancelled_build_leaves_nothing_and_changes_nothing()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        await node.AddAsync(Guid.CreateVersion7(), 1, 10);
        await node.WaitAsync();
        // A long query blocks the swap, and thereby the end of the build.
        await using (var connection = await node.Log.Database.OpenConnectionAsync(Ct))
        await using (var long_ = await connection.BeginTransactionAsync(Ct))
        {
            await using (var read = new NpgsqlCommand("select count(*) from views.test_sums", connection, long_))
                await read.ExecuteScalarAsync(Ct);
            Assert.True(await node.Host.Builds.RequestAsync("test.sums.v1", Ct));
            await Eventually.TrueAsync(async () =>
                (await node.Host.Builds.ListAsync(Ct)).Single().Position >= node.Log.Head
            );
            // Other readers are not blocked meanwhile.
            Assert.Equal(10L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
            Assert.True(await node.Host.Builds.CancelAsync("test.sums.v1", Ct));
        }
        Assert.False(await node.Host.Builds.CancelAsync("test.sums.v1", Ct));
        Assert.Empty(await node.Host.Builds.ListAsync(Ct));
        Assert.True(await node.AskAsync<bool>("select to_regclass('views.test_sums_v1_build') is null"));
        Assert.Equal(10L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
    }

    [Fact]
    public async Task A_projection_that_does_not_exist_is_not_built()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        Assert.False(await node.Host.Builds.RequestAsync("test.others.v1", Ct));
        Assert.Empty(await node.Host.Builds.ListAsync(Ct));
    }

    [Fact]
    public async Task A_raised_version_is_built_while_the_former_serves_and_an_old_node_does_not_take_the_view_back()
    {
        var database = await fixture.NewDatabaseAsync();
        var stream = Guid.CreateVersion7();
        var old = await Node.StartAsync(database, new Sums());
        await using var stillThere = old;
        await old.AddAsync(stream, 2, 20);
        await old.WaitAsync();
        // A long reader keeps the view on the former version.
        await using var reading = await old.Log.Database.OpenConnectionAsync(Ct);
        await using var long_ = await reading.BeginTransactionAsync(Ct);
        await using (var read = new NpgsqlCommand("select count(*) from views.test_sums", reading, long_))
            await read.ExecuteScalarAsync(Ct);

        await using var new_ = await Node.StartAsync(database, new SumsAndCounts());
        await old.AddAsync(stream, 2, 5);
        await new_.Log.CatchUpAsync(Ct);
        await new_.Host.WaitAsync(["test.sums.v2"], old.Log.Head, Ct);
        Assert.Equal(50L, await new_.AskAsync<long>("select sum(total) from views.test_sums"));
        await Eventually.TrueAsync(() => new_.Host.Status.Single().State == ProjectionState.NotServing);

        await long_.RollbackAsync(Ct);
        await new_.BuiltAsync();
        Assert.Equal(25L, await new_.AskAsync<long>("select sum(count) from views.test_sums"));
        await old.AddAsync(stream, 2, 5);
        await new_.Log.CatchUpAsync(Ct);
        // Both wait for the version that the view shows.
        await new_.Host.WaitAsync(["test.sums.v2"], old.Log.Head, Ct);
        await old.Host.WaitAsync(["test.sums.v1"], old.Log.Head, Ct);
        Assert.Equal(30L, await new_.AskAsync<long>("select sum(count) from views.test_sums"));
        await Eventually.TrueAsync(() => old.Host.Status.Single().State == ProjectionState.NotServing);

        // A node of the former release starts after all others of it have stopped.
        await old.DisposeAsync();
        await using var restarted = await Node.StartAsync(database, new Sums());
        await Eventually.TrueAsync(() => restarted.Host.Status.Single().State == ProjectionState.NotServing);
        Assert.Equal(30L, await new_.AskAsync<long>("select sum(count) from views.test_sums"));
        Assert.Empty(await new_.Host.Builds.ListAsync(Ct));
    }

    [Fact]
    public async Task A_projection_withdrawn_by_a_release_is_removed_and_a_node_of_the_former_release_runs_on()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var old = await Node.StartAsync(database, new Sums());
        await old.AddAsync(Guid.CreateVersion7(), 2, 20);
        await old.WaitAsync();
        await using var log = await OpenAsync(database);
        await using (
            await ProjectionHost.OpenAsync(
                log,
                database,
                [],
                TimeProvider.System,
                NullLoggerFactory.Instance,
                CancellationToken.None,
                withdrawn: ["test.sums", "test.never_there"]
            )
        ) { }
        await old.AddAsync(Guid.CreateVersion7(), 2, 20);
        await Eventually.TrueAsync(() => old.Host.Status.Single().State == ProjectionState.NotServing);
        Assert.Empty(await old.ListAsync("select relname::text from pg_class where relname like 'test_sums%'"));
        Assert.Empty(
            await old.ListAsync(
                "select name from log.mt_event_progression where name like 'test.sums%' union all "
                    + "select base from log.projections union all select name from log.runners"
            )
        );
    }

    [Fact]
    public async Task Other_columns_under_the_same_version_are_refused_at_the_start()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var node = await Node.StartAsync(database, new Sums());
        var refused = await Assert.ThrowsAsync<ProjectionChangedException>(() =>
            Node.StartAsync(database, new SumsWithAnotherColumn())
        );
        Assert.Contains("test.sums.v1", refused.Message);
        Assert.Contains("lacks the column count", refused.Message);
        Assert.Contains("call it test.sums.v2", refused.Message);
    }

    [Fact]
    public async Task A_rebuild_repairs_rows_beyond_the_head()
    {
        await using var node = await Node.StartAsync(await fixture.NewDatabaseAsync(), new Sums());
        var stream = Guid.CreateVersion7();
        await node.AddAsync(stream, 1, 5);
        await node.WaitAsync();
        await node.RunAsync(
            "update log.mt_event_progression set last_seq_id = 9 where name = 'test.sums.v1'; "
                + "update views.test_sums set total = 9"
        );
        await Eventually.TrueAsync(() => node.Host.Status.Single().Error is not null);
        await node.RebuildAsync("test.sums.v1");
        await node.AddAsync(stream, 1, 1);
        await node.WaitAsync();
        Assert.Equal(6L, await node.AskAsync<long>("select sum(total) from views.test_sums"));
        await Eventually.TrueAsync(() => node.Host.Status.Single().State == ProjectionState.Running);
    }

    [Fact]
    public async Task Of_two_nodes_one_builds()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await Node.StartAsync(database, new Sums());
        await using var two = await Node.StartAsync(database, new Sums());
        await one.AddAsync(Guid.CreateVersion7(), 1, 50);
        await one.WaitAsync();
        for (var i = 0; i < 3; i++)
            await one.RebuildAsync("test.sums.v1");
        await two.Host.WaitAsync(["test.sums.v1"], one.Log.Head, Ct);
        Assert.Equal(50L, await two.AskAsync<long>("select sum(total) from views.test_sums"));
    }

    private sealed class Node(EventLog log, ProjectionHost host, string projection) : IAsyncDisposable
    {
        public EventLog Log => log;
        public ProjectionHost Host => host;

        public static async Task<Node> StartAsync(string database, IProjection projection)
        {
            var log = await OpenAsync(database);
            try
            {
                var host = await ProjectionHost.OpenAsync(
                    log,
                    database,
                    [projection],
                    TimeProvider.System,
                    NullLoggerFactory.Instance,
                    CancellationToken.None
                );
                host.Start();
                return new(log, host, projection.Name);
            }
            catch
            {
                await log.DisposeAsync();
                throw;
            }
        }

        public async Task AddAsync(Guid stream, int by, int times)
        {
            var at = (await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None)).Version;
            for (var i = 0; i < times; i++)
                await log.Appender.AppendAsync(Command(Change(stream, at + i, new Counted(stream, by))));
        }

        public Task WaitAsync() => host.WaitAsync([projection], log.Head, Ct);

        public async Task RebuildAsync(string name)
        {
            Assert.True(await host.Builds.RequestAsync(name, Ct));
            await BuiltAsync();
        }

        public Task BuiltAsync() =>
            Eventually.TrueAsync(
                async () =>
                {
                    var builds = await host.Builds.ListAsync(Ct);
                    Assert.All(builds, b => Assert.Null(b.Error));
                    return builds.Count == 0;
                },
                what: "the builds' end"
            );

        public async Task<T> AskAsync<T>(string sql)
        {
            await using var ask = log.Database.CreateCommand(sql);
            return (T)(await ask.ExecuteScalarAsync(Ct))!;
        }

        public async Task<List<string>> ListAsync(string sql)
        {
            await using var ask = log.Database.CreateCommand(sql);
            await using var row = await ask.ExecuteReaderAsync(Ct);
            List<string> texts = [];
            while (await row.ReadAsync(Ct))
                texts.Add(row.GetString(0));
            return texts;
        }

        public async Task RunAsync(string sql)
        {
            await using var run = log.Database.CreateCommand(sql);
            await run.ExecuteNonQueryAsync(Ct);
        }

        private bool _stopped;

        public async ValueTask DisposeAsync()
        {
            if (_stopped)
                return;
            _stopped = true;
            await host.DisposeAsync();
            await log.DisposeAsync();
        }
    }
}
