using Veza.EventStore.Events;
using Veza.EventStore.Reading;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Reading;

public class FollowTests(LogFixture fixture)
{
    [Fact]
    public async Task Every_node_follows_every_other_in_order()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var first = await OpenAsync(database);
        await using var second = await OpenAsync(database);
        var readers = new[] { first, second }.Select(log => ReadAsync(log, 0, 300)).ToArray();
        await Task.WhenAll(
            Enumerable
                .Range(0, 300)
                .Select(i =>
                {
                    var stream = Guid.CreateVersion7();
                    return (i % 2 == 0 ? first : second).Appender.AppendAsync(
                        Command(Change(stream, 0, new Counted(stream, i)))
                    );
                })
        );

        var seen = await Task.WhenAll(readers);
        Assert.Equal(Enumerable.Range(1, 300).Select(p => (long)p), seen[0].Select(e => e.Position));
        Assert.Equal(
            seen[0].Select(e => (e.Position, e.Id, e.StreamId, e.Version, e.Data)),
            seen[1].Select(e => (e.Position, e.Id, e.StreamId, e.Version, e.Data))
        );
    }

    [Fact]
    public async Task An_event_reads_the_same_from_its_nodes_tail_and_from_the_database()
    {
        await using var log = await fixture.OpenNewAsync();
        var stream = Guid.CreateVersion7();
        await log.Appender.AppendAsync(
            Command(Change(stream, 0, new Counted(stream, 5, "κόσμε 🎵"), new Cleared(stream))) with
            {
                By = "ada",
            }
        );

        var tail = await ReadAsync(log, 0, 2);
        var stored = await log.Reader.ReadAsync(0, long.MaxValue, 10, null, null, CancellationToken.None);
        Assert.Equal(stored.Select(Facts), tail.Select(Facts));
        static object Facts(RecordedEvent e) =>
            (e.Position, e.Id, e.StreamId, e.Version, e.Type, e.At, e.CommandId, e.By, e.Data);
    }

    [Fact]
    public async Task A_reader_older_than_the_tail_starts_from_the_database()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            for (var i = 0; i < 25; i++)
                await log.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, i))));
        // The tail of a node that starts now is empty.
        await using var restarted = await OpenAsync(database);
        var reading = ReadAsync(restarted, 10, 20);
        for (var i = 25; i < 30; i++)
            await restarted.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, i))));
        Assert.Equal(Enumerable.Range(10, 20), (await reading).Select(e => ((Counted)e.Data!).By));
    }

    [Fact]
    public async Task A_node_that_fills_its_tail_reads_what_came_before_its_start_without_the_database()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            for (var i = 0; i < 25; i++)
                await log.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, i))));
        await using var restarted = await OpenAsync(database);
        await restarted.FillTailAsync(CancellationToken.None);
        var events = new List<RecordedEvent>();
        Assert.True(restarted.Tail.TryRead(0, 100, events));
        Assert.Equal(Enumerable.Range(0, 25), events.Select(e => ((Counted)e.Data!).By));

        // The next event follows without a gap, and filling again changes nothing.
        await restarted.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, 25))));
        await restarted.FillTailAsync(CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, 26), (await ReadAsync(restarted, 0, 26)).Select(e => ((Counted)e.Data!).By));
    }

    [Fact]
    public async Task Filling_an_empty_log_does_nothing()
    {
        await using var log = await OpenAsync(await fixture.NewDatabaseAsync());
        await log.FillTailAsync(CancellationToken.None);
        await log.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Counted(Guid.Empty, 1))));
        Assert.Single(await ReadAsync(log, 0, 1));
    }

    [Fact]
    public void A_tail_holds_no_more_from_before_than_it_would_from_after()
    {
        var tail = new Tail();
        tail.StartAt(new(Tail.EventsMax + 10, Guid.Empty, DateTimeOffset.UnixEpoch));
        Assert.False(
            tail.FillBackwards(
                [.. Enumerable.Range(1, Tail.EventsMax + 10).Reverse().Select(p => At(p))],
                tail.HistoryGeneration
            )
        );
        Assert.Equal(11, tail.Oldest);
        Assert.False(tail.TryRead(9, 1, []));
        Assert.True(tail.TryRead(10, 1, []));

        // The newest event evicts the oldest.
        Assert.True(tail.Publish([At(Tail.EventsMax + 11)], tail.HistoryGeneration));
        Assert.Equal(12, tail.Oldest);

        // The tail takes neither an event after a gap nor one read before a fork.
        tail.StartAt(new(5, Guid.Empty, DateTimeOffset.UnixEpoch));
        Assert.False(tail.FillBackwards([At(4)], tail.HistoryGeneration));
        Assert.False(tail.FillBackwards([At(5)], tail.HistoryGeneration + 1));
        Assert.Equal(6, tail.Oldest);
    }

    [Fact]
    public void An_immediate_observer_gets_events_after_a_gap_early_and_once_more_in_order()
    {
        var tail = new Tail();
        var (inTurn, atOnce) = (new List<long>(), new List<long>());
        tail.Watch(e => inTurn.Add(e.Position));
        tail.Watch(e => atOnce.Add(e.Position), early: true);
        Assert.False(tail.Publish([At(2), At(3)], tail.HistoryGeneration));
        Assert.Equal((0, 0), (tail.Head, inTurn.Count));
        Assert.Equal([2, 3], atOnce);
        Assert.True(tail.Publish([At(1), At(2), At(3)], tail.HistoryGeneration));
        Assert.Equal([1, 2, 3], inTurn);
        Assert.Equal([2, 3, 1, 2, 3], atOnce);

        // Events of a replaced history are not delivered.
        Assert.False(tail.Publish([At(9)], tail.HistoryGeneration + 1));
        Assert.Equal(5, atOnce.Count);
    }

    [Fact]
    public async Task An_unknown_event_type_is_kept_and_passed_by()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
            await log.Appender.AppendAsync(Command(Change(Guid.CreateVersion7(), 0, new Cleared(Guid.Empty))));
        await using var older = await EventLog.OpenAsync(
            database,
            new EventTypes([typeof(Counted)]),
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            CancellationToken.None
        );
        var only = Assert.Single(
            await older.Reader.ReadAsync(0, long.MaxValue, 10, null, null, CancellationToken.None)
        );
        Assert.Equal("cleared", only.Type);
        Assert.Null(only.Data);
    }

    private static RecordedEvent At(long position) =>
        new(
            position,
            Guid.Empty,
            Guid.Empty,
            1,
            "counted",
            DateTimeOffset.UnixEpoch,
            Guid.Empty,
            null,
            "{}"u8.ToArray(),
            Types
        );

    private static async Task<List<RecordedEvent>> ReadAsync(EventLog log, long after, int count)
    {
        var seen = new List<RecordedEvent>();
        await foreach (var page in log.FollowAsync(after, 100, TestContext.Current.CancellationToken))
        {
            seen.AddRange(page);
            if (seen.Count >= count)
                break;
        }
        return seen;
    }
}
