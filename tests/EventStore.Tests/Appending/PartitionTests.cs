using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Appending;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Appending;

public class PartitionTests(LogFixture fixture)
{
    [Fact]
    public async Task A_log_that_outruns_its_partitions_makes_more_and_leaves_no_gap()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenSmallAsync(database, partitionEvents: 50);
        var streams = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        // A command of many events crosses the border of two partitions.
        foreach (var round in Enumerable.Range(0, 10))
            await Task.WhenAll(
                streams.Select(s =>
                    log.Appender.AppendAsync(
                        Command(Change(s, round * 3, new Counted(s, 1), new Counted(s, 2), new Cleared(s)))
                    )
                )
            );

        var events = await log.Reader.ReadAsync(0, long.MaxValue, 1000, null, null, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 600).Select(p => (long)p), events.Select(e => e.Position));
        foreach (var stream in streams)
            Assert.Equal(
                Enumerable.Range(1, 30).Select(v => (long)v),
                (await log.Reader.ReadStreamAsync(stream, 0, CancellationToken.None).ToListAsync()).Select(e =>
                    e.Version
                )
            );
        Assert.InRange(await ScalarAsync(log, "select count(*) from log.partitions"), 12, 16);
    }

    [Fact]
    public async Task A_version_is_enforced_wherever_the_streams_newest_event_is()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await OpenSmallAsync(database, partitionEvents: 10);
        var stream = Guid.CreateVersion7();
        var first = Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 1))))
        );
        await FillAsync(log, 25);
        Assert.IsType<AppendOutcome.VersionConflict>(
            await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 1))))
        );
        var second = Assert.IsType<AppendOutcome.Accepted>(
            await log.Appender.AppendAsync(
                Command(Change(stream, 1, new Counted(stream, 1)) with { SeenPosition = first.Position })
            )
        );
        // More than the function's answer covers: a node that appended nothing itself has to look.
        await FillAsync(log, 520);
        // A node that saw only the first event, many partitions ago, still learns of the second.
        await using var stranger = await OpenSmallAsync(database, partitionEvents: 10);
        var stale = Assert.IsType<AppendOutcome.VersionConflict>(
            await stranger.Appender.AppendAsync(
                Command(Change(stream, 1, new Counted(stream, 1)) with { SeenPosition = first.Position })
            )
        );
        Assert.Equal(2, stale.Actual);
        // A version that was never reached does not match, at any remembered position.
        Assert.IsType<AppendOutcome.VersionConflict>(
            await stranger.Appender.AppendAsync(
                Command(Change(stream, 3, new Counted(stream, 1)) with { SeenPosition = second.Position })
            )
        );
        Assert.IsType<AppendOutcome.VersionConflict>(
            await stranger.Appender.AppendAsync(
                Command(Change(stream, 2, new Counted(stream, 1)) with { SeenPosition = second.Position + 1 })
            )
        );
        Assert.IsType<AppendOutcome.Accepted>(
            await stranger.Appender.AppendAsync(Command(Change(stream, 2, new Counted(stream, 1))))
        );
        Assert.Equal(3, await ScalarAsync(log, $"select version from log.mt_streams where id = '{stream}'"));
    }

    [Fact]
    public async Task A_changed_size_applies_to_the_partitions_still_to_be_made()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenSmallAsync(database, partitionEvents: 10))
            await FillAsync(log, 15);
        await using (var log = await OpenSmallAsync(database, partitionEvents: 100))
            await FillAsync(log, 150);
        await using var reopened = await OpenSmallAsync(database, partitionEvents: 7);
        await FillAsync(reopened, 20);
        var events = await reopened.Reader.ReadAsync(0, long.MaxValue, 1000, null, null, CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 185).Select(p => (long)p), events.Select(e => e.Position));
    }

    private static Task<EventLog> OpenSmallAsync(string database, long partitionEvents) =>
        EventLog.OpenAsync(
            database,
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            partitionEvents
        );

    private static Task FillAsync(EventLog log, int events) =>
        Task.WhenAll(
            Enumerable
                .Range(0, events)
                .Select(_ =>
                {
                    var stream = Guid.CreateVersion7();
                    return log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, 1))));
                })
        );

    private static async Task<long> ScalarAsync(EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
