using Veza.EventStore.Appending;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Aggregates;

public class AggregateCacheTests(LogFixture fixture)
{
    [Fact]
    public async Task A_cached_aggregate_has_this_nodes_appends_immediately()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        Assert.Null((await LoadAsync(log, stream)).State);
        for (var i = 0; i < 10; i++)
        {
            await log.Appender.AppendAsync(Command(Change(stream, i, new Counted(stream, 1))));
            Assert.Equal(
                (new Counter(stream, i + 1), i + 1L),
                (await LoadAsync(log, stream)) is var v ? (v.State, v.Version) : default
            );
        }
    }

    [Fact]
    public async Task A_cached_aggregate_has_the_events_of_other_nodes_once_the_tail_has_caught_up()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var mine = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        var stream = Guid.CreateVersion7();
        await LoadAsync(mine, stream);
        Assert.IsType<AppendOutcome.Accepted>(
            await other.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 7))))
        );
        await mine.CatchUpAsync(CancellationToken.None);
        Assert.Equal(new Counter(stream, 7), (await LoadAsync(mine, stream)).State);
    }

    [Fact]
    public async Task A_cached_aggregate_has_every_event_up_to_the_position_that_its_node_was_answered()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var mine = await OpenAsync(database);
        await using var other = await OpenAsync(database);
        var (stream, others) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await LoadAsync(mine, stream);
        for (var i = 0; i < 100; i++)
        {
            await other.Appender.AppendAsync(Command(Change(others, i, new Counted(others, 1))));
            await mine.Appender.AppendAsync(Command(Change(stream, i, new Counted(stream, 1))));
            Assert.Equal(new Counter(stream, i + 1), (await LoadAsync(mine, stream)).State);
        }
    }

    [Fact]
    public async Task Loading_while_others_append_leaves_no_stale_aggregate()
    {
        await using var log = await fixture.OpenNewAsync();
        var streams = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7()).ToArray();
        await Task.WhenAll(
            streams.Select(async stream =>
            {
                var writing = Task.Run(async () =>
                {
                    for (var v = 0; v < 20; v++)
                        await log.Appender.AppendAsync(Command(Change(stream, v, new Counted(stream, 1))));
                });
                while (!writing.IsCompleted)
                {
                    await LoadAsync(log, stream);
                    log.Aggregates.Drop(stream);
                }
                await writing;
                Assert.Equal(new Counter(stream, 20), (await LoadAsync(log, stream)).State);
            })
        );
    }

    [Fact]
    public async Task A_load_that_failed_does_not_keep_the_stream_from_being_cached()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await log.Aggregates.LoadAsync(typeof(Counter), stream, cancelled.Token)
        );
        var first = await LoadAsync(log, stream);
        Assert.Same(first, await LoadAsync(log, stream));
    }

    [Fact]
    public async Task An_event_that_cannot_be_folded_does_not_stop_the_log()
    {
        await using var log = await fixture.OpenNewAsync();
        var (sick, healthy) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await log.Appender.AppendAsync(Command(Change(sick, 0, new Counted(sick, 1))));
        await LoadAsync(log, sick);
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(sick, 1, new Poisoned(sick))))
        );
        Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(healthy, 0, new Counted(healthy, 1))))
        );
        Assert.Equal(3, log.Head);
        Assert.Equal(new Counter(healthy, 1), (await LoadAsync(log, healthy)).State);
    }

    [Fact]
    public async Task An_aggregate_dropped_and_loaded_again_is_not_evicted_in_the_place_of_its_former_value()
    {
        await using var log = await fixture.OpenNewAsync();
        var cache = new Veza.EventStore.Aggregates.AggregateCache(log.Snapshots, log.Tail, modelsMax: 3);
        var hot = Guid.CreateVersion7();
        await cache.LoadAsync(typeof(Counter), hot, CancellationToken.None);
        cache.Drop(hot);
        var kept = await cache.LoadAsync(typeof(Counter), hot, CancellationToken.None);
        foreach (var other in new[] { Guid.CreateVersion7(), Guid.CreateVersion7() })
            await cache.LoadAsync(typeof(Counter), other, CancellationToken.None);
        Assert.Same(kept, await cache.LoadAsync(typeof(Counter), hot, CancellationToken.None));
    }

    private static ValueTask<Veza.EventStore.Aggregates.AggregateState> LoadAsync(EventLog log, Guid stream) =>
        log.Aggregates.LoadAsync(typeof(Counter), stream, CancellationToken.None);
}
