using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Subscriptions;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Schema;

/// <summary>The pinned version of Marten accepts the schema <c>log</c> that a node has created.</summary>
public class MartenShapeTests(LogFixture fixture)
{
    /// <summary>Long enough for the maintenance, which runs every second, also on a busy machine.</summary>
    private static readonly TimeSpan MaintainedWithin = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Marten's default is the creation time of the table. It never applies: a batch states its time.
    /// </summary>
    private const string Otherwise = "mt_events.timestamp: timestamp with time zone not null default now()";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_tables_have_the_columns_that_Marten_gives_them()
    {
        var (ours, martens) = (await fixture.NewDatabaseAsync(), await fixture.NewDatabaseAsync());
        await using var log = await OpenAsync(ours);
        await using var store = Open(martens);
        await store.Storage.Database.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: Ct);

        var expected = await ColumnsAsync(martens);
        var actual = (await ColumnsAsync(ours)).ToHashSet();

        var tables = expected.Select(c => c.Split('.')[0]).Distinct();
        Assert.Superset(
            new HashSet<string> { "mt_events", "mt_streams", "mt_event_progression", "mt_high_water_skips" },
            tables.ToHashSet()
        );
        var different = Assert.Single(expected, c => !actual.Contains(c));
        Assert.StartsWith("mt_events.timestamp: ", different, StringComparison.Ordinal);
        Assert.Contains(Otherwise, actual);
    }

    [Fact]
    public async Task A_log_without_events_is_to_Marten_as_its_own_without_events()
    {
        var (ours, martens) = (await fixture.NewDatabaseAsync(), await fixture.NewDatabaseAsync());
        await using var log = await OpenAsync(ours);
        await using var store = Open(ours);
        await using var own = Open(martens);
        await own.Storage.Database.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate, ct: Ct);

        Assert.Equal(await StatisticsAsync(own), await StatisticsAsync(store));
    }

    [Fact]
    public async Task An_event_is_written_as_Marten_would_name_it()
    {
        var (log, store) = await OpenBothAsync();
        await using var both = new Both(log, store);
        var stream = Guid.CreateVersion7();
        object[] events = [new Counted(stream, 5, "five"), new Cleared(stream)];
        await log.Appender.AppendAsync(Command(Change(stream, 0, events)));

        await using var session = store.QuerySession();
        var read = await session.Events.FetchStreamAsync(stream, token: Ct);

        Assert.Equal(events, read.Select(e => e.Data));
        // Without a tenant: Marten's reader keeps the default tenant of the event it made.
        Assert.All(read, e => Assert.Equal(("*DEFAULT*", false), (e.TenantId, e.IsArchived)));
        // A store without the log's options answers.
        await using var naming = DocumentStore.For(options =>
        {
            options.Connection("Host=nowhere");
            options.Events.AddEventTypes([typeof(Counted), typeof(Cleared)]);
        });
        var named = ((IReadOnlyStoreOptions)naming.Options).Events.AllKnownEventTypes().ToDictionary(t => t.EventType);
        foreach (var e in read)
        {
            var (name, dotNetName) = (named[e.EventType].EventTypeName, named[e.EventType].DotNetTypeName);
            Assert.Equal((name, dotNetName), (e.EventTypeName, e.DotNetTypeName));
            Assert.Equal(e.EventType, Type.GetType(dotNetName));
        }
    }

    [Fact]
    public async Task A_stream_is_fetched_with_its_state()
    {
        var (log, store) = await OpenBothAsync();
        await using var both = new Both(log, store);
        var (stream, other) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await log.Appender.AppendAsync(
            Command(
                Change(stream, 0, new Counted(stream, 1), new Counted(stream, 2)),
                Change(other, 0, new Counted(other, 9))
            )
        );
        await log.Appender.AppendAsync(Command(Change(stream, 2, new Counted(stream, 3))));

        await using var session = store.QuerySession();
        var state = (await session.Events.FetchStreamStateAsync(stream, Ct))!;
        var events = await session.Events.FetchStreamAsync(stream, token: Ct);

        Assert.Equal((stream, typeof(Counter), 3L), (state.Id, state.AggregateType, state.Version));
        Assert.False(state.IsArchived);
        Assert.Equal([(1L, 1), (2, 2), (3, 3)], events.Select(e => (e.Version, ((Counted)e.Data).By)));
        // The stream is created at its first event's time and updated at its last event's.
        Assert.Equal((events[0].Timestamp, events[^1].Timestamp), (state.Created, state.LastTimestamp));
        var firstTwo = await session.Events.FetchStreamAsync(stream, version: 2, token: Ct);
        Assert.Equal([1L, 2], firstTwo.Select(e => e.Version));
        Assert.Equal(1, (await session.Events.FetchStreamStateAsync(other, Ct))!.Version);
        Assert.Null(await session.Events.FetchStreamStateAsync(Guid.CreateVersion7(), Ct));
    }

    [Fact]
    public async Task The_daemon_finds_no_gap_and_loads_the_streams_of_the_type_it_asks_for()
    {
        var seen = new Recording();
        var (log, store) = await OpenBothAsync(options => options.Projections.Subscribe(seen, subscription =>
            {
                subscription.Name = "recording";
                subscription.FilterIncomingEventsOnStreamType(typeof(Counter));
                subscription.Options.SubscribeFromSequence(3);
            }));
        await using var both = new Both(log, store);
        for (var i = 0; i < 5; i++)
        {
            var stream = Guid.CreateVersion7();
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, i), new Cleared(stream))));
            // A refused command uses up no position.
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, i))));
            Assert.Equal((log.Head, log.Head, i + 1L), await StatisticsAsync(store));
        }
        var alien = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(new StreamChange(alien, "page", 0, [new Cleared(alien)])));
        Assert.Equal(11, log.Head);

        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(1));
        await daemon.StopAllAsync();

        Assert.Equal([4L, 5, 6, 7, 8, 9, 10], seen.Positions);
        // Marten has no query for the gaps that its daemon skipped.
        await using var skips = log.Database.CreateCommand("select count(*) from log.mt_high_water_skips");
        Assert.Equal(0L, await skips.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task Events_between_two_positions_are_found_in_their_order()
    {
        var (log, store) = await OpenBothAsync();
        await using var both = new Both(log, store);
        var stream = Guid.CreateVersion7();
        object[] events = [.. Enumerable.Range(1, 10).Select(i => new Counted(stream, i))];
        await log.Appender.AppendAsync(Command(Change(stream, 0, events)));

        await using var session = store.QuerySession();
        var found = await session
            .Events.QueryAllRawEvents()
            .Where(e => e.Sequence > 3 && e.Sequence <= 6 && !e.IsArchived)
            .OrderBy(e => e.Sequence)
            .ToListAsync(Ct);

        Assert.Equal([4, 5, 6], found.Select(e => ((Counted)e.Data).By));
    }

    [Fact]
    public async Task The_high_water_mark_follows_the_head()
    {
        var (log, store) = await OpenBothAsync();
        await using var both = new Both(log, store);
        for (var round = 0; round < 2; round++)
        {
            var stream = Guid.CreateVersion7();
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Cleared(stream), new Cleared(stream))));
            await Eventually.TrueAsync(async () => await MarkAsync() >= log.Head, MaintainedWithin);
            Assert.Equal(log.Head, await MarkAsync());
        }

        async Task<long> MarkAsync()
        {
            var progress = await store.Advanced.AllProjectionProgress(token: Ct);
            return progress.SingleOrDefault(shard => shard.ShardName == ShardState.HighWaterMark)?.Sequence ?? 0;
        }
    }

    private async Task<(EventLog Log, DocumentStore Store)> OpenBothAsync(Action<StoreOptions>? more = null)
    {
        var database = await fixture.NewDatabaseAsync();
        return (await OpenAsync(database), Open(database, more));
    }

    private static DocumentStore Open(string database, Action<StoreOptions>? more = null) =>
        DocumentStore.For(options =>
        {
            options.Connection(database);
            options.DatabaseSchemaName = "documents";
            options.OpenVezaLog(Types, typeof(Counter));
            more?.Invoke(options);
        });

    private static async Task<(long Sequence, long Events, long Streams)> StatisticsAsync(DocumentStore store)
    {
        var statistics = await store.Advanced.FetchEventStoreStatistics(token: Ct);
        return (statistics.EventSequenceNumber, statistics.EventCount, statistics.StreamCount);
    }

    /// <summary>Each column of the log's schema as <c>table.column: type, null or not, default</c>.</summary>
    private static async Task<List<string>> ColumnsAsync(string database)
    {
        // A view, such as mt_streams, has types but neither constraints nor defaults.
        const string Columns = """
            select c.table_name || '.' || c.column_name || ': ' || c.data_type
                   || coalesce('(' || c.character_maximum_length || ')', '')
                   || case when c.table_name = 'mt_streams' then ''
                           else case c.is_nullable when 'YES' then ' null' else ' not null' end
                                || coalesce(' default ' || c.column_default, '') end
            from information_schema.columns c
            where c.table_schema = 'log'
            order by c.table_name collate "C", c.column_name collate "C"
            """;
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(Columns);
        await using var rows = await command.ExecuteReaderAsync(Ct);
        var columns = new List<string>();
        while (await rows.ReadAsync(Ct))
            columns.Add(rows.GetString(0));
        return columns;
    }

    private sealed class Both(EventLog log, DocumentStore store) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await store.DisposeAsync();
            await log.DisposeAsync();
        }
    }

    private sealed class Recording : ISubscription
    {
        private readonly List<long> _positions = [];

        public IReadOnlyList<long> Positions => _positions;

        public Task<IChangeListener> ProcessEventsAsync(
            EventRange page,
            ISubscriptionController controller,
            IDocumentOperations operations,
            CancellationToken cancellationToken
        )
        {
            lock (_positions)
                _positions.AddRange(page.Events.Select(e => e.Sequence));
            return Task.FromResult<IChangeListener>(NullChangeListener.Instance);
        }
    }
}
