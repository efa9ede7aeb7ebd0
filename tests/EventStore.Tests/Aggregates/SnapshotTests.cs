using System.Diagnostics.Metrics;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Aggregates;

public class SnapshotTests(LogFixture fixture)
{
    /// <summary>Only one test folds this aggregate, so that it can count the events read for it.</summary>
    private sealed record LongTally(Guid Id, long Total)
    {
        public static LongTally Create(Counted e) => new(e.Id, e.By);

        public LongTally Apply(Counted e) => this with { Total = Total + e.By };
    }

    private sealed record Unwritable(Guid Id, int Total)
    {
        public int Broken => throw new InvalidOperationException("this model cannot be written");

        public static Unwritable Create(Counted e) => new(e.Id, e.By);

        public Unwritable Apply(Counted e) => this with { Total = Total + e.By };
    }

    private static readonly AggregateFold CounterFold = AggregateFold.Of<Counter>();

    [Fact]
    public async Task Loading_a_stream_of_100_000_events_reads_a_snapshot_and_a_few_events()
    {
        const int Length = 100_000,
            Each = 4000;
        var database = await fixture.NewDatabaseAsync();
        using var read = new EventsRead("long_tally");
        await using var log = await OpenAsync(database);
        var stream = Guid.CreateVersion7();
        for (var version = 0; version < Length; version += Each)
            await AddAsync(log, stream, version, Each);
        Assert.Equal(
            new LongTally(stream, Length),
            (await log.Aggregates.LoadAsync(typeof(LongTally), stream, CancellationToken.None)).State
        );
        Assert.Equal(Length, read.Count);
        await SnapshotAsync(log, stream, atLeast: Length);
        await AddAsync(log, stream, Length, 3);

        await using var restarted = await OpenAsync(database);
        var loaded = await restarted.Aggregates.LoadAsync(typeof(LongTally), stream, CancellationToken.None);
        Assert.Equal(
            (new LongTally(stream, Length + 3), Length + 3L, restarted.Head),
            (loaded.State, loaded.Version, loaded.Position)
        );
        Assert.Equal(Length + 3, read.Count);
    }

    [Fact]
    public async Task A_cached_aggregate_gets_a_snapshot_at_a_fixed_interval_of_events()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None);
        await AddAsync(log, stream, 0, Snapshots.EveryEvents - 1);
        await AddAsync(log, stream, Snapshots.EveryEvents - 1, 1);
        Assert.Equal(Snapshots.EveryEvents, await SnapshotAsync(log, stream, atLeast: 1));
        await AddAsync(log, stream, Snapshots.EveryEvents, 2 * Snapshots.EveryEvents - 10);
        Assert.Equal(2 * Snapshots.EveryEvents, await SnapshotAsync(log, stream, atLeast: Snapshots.EveryEvents + 1));
    }

    [Fact]
    public async Task An_aggregate_folds_only_the_events_after_its_snapshot()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await AddAsync(log, stream, 0, 10);
        var at = await At(log, stream);
        // The events do not lead to this state, so the result shows whether it was used.
        await log.Snapshots.WriteAsync(
            CounterFold,
            stream,
            at with
            {
                State = new Counter(stream, 1000),
            },
            CancellationToken.None
        );
        await AddAsync(log, stream, 10, 2);
        var (model, folded) = await log.Snapshots.LoadAsync(CounterFold, stream, CancellationToken.None);
        Assert.Equal((new Counter(stream, 1002), 12L, 2L), (model.State, model.Version, folded));
        await Change("delete from log.snapshots", log);
        Assert.Equal(
            new Counter(stream, 12),
            (await log.Snapshots.LoadAsync(CounterFold, stream, CancellationToken.None)).State.State
        );
    }

    [Theory]
    [InlineData("version = 11, position = 11")]
    [InlineData("version = 9")]
    [InlineData("position = 9")]
    [InlineData("position = 11")]
    [InlineData("event_id = gen_random_uuid()")]
    [InlineData("shape = sha256('another')")]
    [InlineData("model = 'another'")]
    [InlineData("""data = '"nonsense"'""")]
    [InlineData("""data = 'null'""")]
    public async Task A_snapshot_of_another_history_or_another_shape_is_not_used(string change)
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await AddAsync(log, stream, 0, 10);
        await log.Snapshots.WriteAsync(
            CounterFold,
            stream,
            await At(log, stream) with
            {
                State = new Counter(stream, 1000),
            },
            CancellationToken.None
        );
        Assert.Equal(1, await Change($"update log.snapshots set {change}", log));
        var (model, folded) = await log.Snapshots.LoadAsync(CounterFold, stream, CancellationToken.None);
        Assert.Equal((new Counter(stream, 10), 10L, 10L), (model.State, model.Version, folded));
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_written_fails_no_command()
    {
        await using var log = await fixture.OpenNewAsync();
        var (sick, healthy) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await AddAsync(log, sick, 0, Snapshots.EveryEvents);
        await AddAsync(log, healthy, 0, Snapshots.EveryEvents);
        Assert.Equal(
            new Unwritable(sick, Snapshots.EveryEvents),
            (await log.Aggregates.LoadAsync(typeof(Unwritable), sick, CancellationToken.None)).State
        );
        await log.Aggregates.LoadAsync(typeof(Counter), healthy, CancellationToken.None);
        await SnapshotAsync(log, healthy, atLeast: Snapshots.EveryEvents);
        Assert.Equal(0, await Change($"delete from log.snapshots where stream_id = '{sick}'", log));
    }

    [Fact]
    public async Task A_stream_read_while_it_grows_is_kept_with_what_came_meanwhile()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await AddAsync(log, stream, 0, 4000);
        var version = 4000;
        for (var round = 0; round < 20; round++)
        {
            log.Aggregates.Drop(stream);
            await Change("delete from log.snapshots", log);
            var loading = log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None).AsTask();
            for (var more = 0; more < 5; more++)
                await AddAsync(log, stream, version++, 1);
            await loading;
            var kept = await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None);
            Assert.Equal((new Counter(stream, version), (long)version), (kept.State, kept.Version));
            Assert.Same(kept, await log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None));
        }
    }

    private static async Task AddAsync(EventLog log, Guid stream, long version, int count) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(
                Command(
                    LogFixture.Change(
                        stream,
                        version,
                        [.. Enumerable.Range(0, count).Select(_ => new Counted(stream, 1))]
                    )
                )
            )
        );

    private static async Task<AggregateState> At(EventLog log, Guid stream) =>
        (await log.Snapshots.LoadAsync(CounterFold, stream, CancellationToken.None)).State;

    /// <returns>The version of the stream's snapshot, once there is one.</returns>
    private static async Task<long> SnapshotAsync(EventLog log, Guid stream, long atLeast)
    {
        var found = 0L;
        await Eventually.TrueAsync(
            async () =>
            {
                await using var find = log.Database.CreateCommand(
                    $"select version from log.snapshots where stream_id = '{stream}'"
                );
                found = await find.ExecuteScalarAsync(TestContext.Current.CancellationToken) as long? ?? 0;
                return found >= atLeast;
            },
            what: "a snapshot"
        );
        return found;
    }

    private static async Task<int> Change(string sql, EventLog log)
    {
        await using var command = log.Database.CreateCommand(sql);
        return await command.ExecuteNonQueryAsync();
    }

    private sealed class EventsRead : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _count;

        public EventsRead(string model)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "veza.models.events")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>(
                (_, count, tags, _) =>
                {
                    foreach (var tag in tags)
                        if (tag is { Key: "model", Value: string of } && of == model)
                            Interlocked.Add(ref _count, count);
                }
            );
            _listener.Start();
        }

        public long Count => Interlocked.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
