using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Appending;
using Veza.EventStore.Reading;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Reading;

public class LogReaderTests(LogFixture fixture)
{
    /// <summary>More than a page, over several partitions.</summary>
    private const int Events = 2_600;

    [Fact]
    public async Task Everything_is_read_in_either_direction()
    {
        await using var log = await FilledAsync();
        var all = Enumerable.Range(1, Events).Select(p => (long)p).ToList();
        Assert.Equal(all, await PositionsAsync(log, new()));
        Assert.Equal(Enumerable.Reverse(all), await PositionsAsync(log, new() { Backwards = true }));
    }

    [Theory]
    [
        InlineData(0, 1),
        InlineData(0, 2600),
        InlineData(2599, long.MaxValue),
        InlineData(1000, 2000),
        InlineData(700, 700),
        InlineData(5000, 6000),
        InlineData(500, 1500)
    ]
    public async Task Bounds_hold_in_either_direction_for_every_form(long after, long upTo)
    {
        await using var log = await FilledAsync();
        var stream = (await log.Reader.ReadAsync(new(), 1, CancellationToken.None))[0].StreamId;
        foreach (
            var form in new LogQuery[]
            {
                new(),
                new() { Types = ["cleared"] },
                new() { Stream = stream },
                new() { Stream = stream, Types = ["cleared"] },
            }
        )
        {
            var expected = (await PositionsAsync(log, form)).Where(p => p > after && p <= upTo).ToList();
            var query = form with { After = after, UpTo = upTo };
            Assert.Equal(expected, await PositionsAsync(log, query));
            Assert.Equal(Enumerable.Reverse(expected), await PositionsAsync(log, query with { Backwards = true }));
        }
    }

    [Fact]
    public async Task A_stream_is_read_by_its_versions()
    {
        await using var log = await FilledAsync();
        var stream = (await log.Reader.ReadAsync(new(), 1, CancellationToken.None))[0].StreamId;
        var versions = new List<long>();
        await foreach (
            var e in log.Reader.ReadAllAsync(new() { Stream = stream }, TestContext.Current.CancellationToken)
        )
            versions.Add(e.Version);
        Assert.Equal(Enumerable.Range(1, Events / 2).Select(v => (long)v), versions);
        var page = await log.Reader.ReadAsync(new() { Stream = stream, AfterVersion = 40 }, 3, CancellationToken.None);
        Assert.Equal([41L, 42, 43], page.Select(e => e.Version));
        page = await log.Reader.ReadAsync(
            new()
            {
                Stream = stream,
                BeforeVersion = 40,
                Backwards = true,
            },
            3,
            CancellationToken.None
        );
        Assert.Equal([39L, 38, 37], page.Select(e => e.Version));
    }

    /// <summary>The index holds every eighth version only; a read may begin and end anywhere between two.</summary>
    [Fact]
    public async Task A_stream_is_read_from_any_version_to_any_other()
    {
        const int Limit = 12;
        await using var log = await FilledAsync();
        var stream = (await log.Reader.ReadAsync(new(), 1, CancellationToken.None))[0].StreamId;
        for (var after = 0; after < 20; after++)
        {
            for (var before = after + 1; before < 20; before++)
            {
                var expected = Enumerable.Range(after + 1, before - after - 1).Select(v => (long)v).ToList();
                var query = new LogQuery
                {
                    Stream = stream,
                    AfterVersion = after,
                    BeforeVersion = before,
                };
                Assert.Equal(
                    expected.Take(Limit),
                    (await log.Reader.ReadAsync(query, Limit, CancellationToken.None)).Select(e => e.Version)
                );
                Assert.Equal(
                    Enumerable.Reverse(expected).Take(Limit),
                    (await log.Reader.ReadAsync(query with { Backwards = true }, Limit, CancellationToken.None)).Select(
                        e => e.Version
                    )
                );
            }
            var next = new List<long>();
            await foreach (var e in log.Reader.ReadStreamAsync(stream, after, TestContext.Current.CancellationToken))
                next.Add(e.Version);
            Assert.Equal(Enumerable.Range(after + 1, (Events / 2) - after).Select(v => (long)v), next);
        }
    }

    [Fact]
    public async Task Positions_are_looked_up_as_they_are()
    {
        await using var log = await FilledAsync();
        Assert.Equal(
            [1L, 999, 1000, 2600],
            (await log.Reader.ReadPositionsAsync([1, 999, 1000, 2600, 2601], CancellationToken.None)).Select(e =>
                e.Position
            )
        );
        Assert.Empty(await log.Reader.ReadPositionsAsync([], CancellationToken.None));
    }

    [Fact]
    public async Task Partitions_outside_of_the_bounds_are_not_looked_at()
    {
        await using var log = await FilledAsync();
        await using var explain = log.Database.CreateCommand(
            "explain (analyze, costs off, timing off) select * from log.mt_events where seq_id > 700 "
                + "and seq_id <= 900 and type = any ('{cleared}') order by seq_id limit 10"
        );
        await using var rows = await explain.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var plan = "";
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
            plan += rows.GetString(0) + "\n";
        Assert.Contains("mt_events_501", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("mt_events_1 ", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("mt_events_1001", plan, StringComparison.Ordinal);
    }

    private static async Task<List<long>> PositionsAsync(EventLog log, LogQuery query)
    {
        var positions = new List<long>();
        await foreach (var e in log.Reader.ReadAllAsync(query, TestContext.Current.CancellationToken))
            positions.Add(e.Position);
        return positions;
    }

    /// <summary>One long stream whose events alternate with those of others, in partitions of 500.</summary>
    private async Task<EventLog> FilledAsync()
    {
        var log = await EventLog.OpenAsync(
            await fixture.NewDatabaseAsync(),
            Types,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            partitionEvents: 500
        );
        var stream = Guid.CreateVersion7();
        for (var done = 0; done < Events / 2; done += 10)
        {
            var other = Guid.CreateVersion7();
            object[] own =
            [
                .. Enumerable
                    .Range(done, 10)
                    .Select(i => i % 7 == 0 ? (object)new Cleared(stream) : new Counted(stream, i)),
            ];
            object[] others = [.. Enumerable.Range(done, 10).Select(i => new Counted(other, i))];
            Assert.IsType<AppendOutcome.Accepted>(
                await log.Appender.AppendAsync(Command(Change(stream, done, own), Change(other, 0, others)))
            );
        }
        return log;
    }
}
