using Veza.EventStore.Events;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>
/// Access changes during a subscription. Each subscriber receives exactly the log filtered by its access at each
/// position.
/// </summary>
[Collection("index")]
public class MembershipHistoryTests(IndexedLog log)
{
    // Receives every position, so the reader knows where it is when the end does not concern it.
    private static readonly RealtimeLimits EveryPosition = new()
    {
        MovedAfterEvents = 1,
        IndexedFromEvents = int.MaxValue,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Live_on_two_nodes_each_member_receives_exactly_the_permitted_events_of_each_position(int seed)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var (random, history) = (new Random(seed), new MembershipHistory(seed));
        await using var here = new LiveSetting(log.Log, EveryPosition with { BatchItemsMax = 7 });
        await using var node = await log.NodeAsync();
        await using var there = new LiveSetting(log.Log, EveryPosition, node: node);
        await here.AppendAsync(history.Founded());
        var first = log.Log.Log.Head;
        List<(LiveCaller By, long After, Task<(LiveReader Reader, LiveMessage? Last)> Reading)> open = [];
        var end = new TaskCompletionSource<long>();
        for (var i = 0; i < 40; i++)
        {
            if (i % 5 == 0)
                foreach (var person in history.People)
                {
                    var (at, after) = (
                        random.Next(2) == 0 ? here : there,
                        random.NextInt64(first, log.Log.Log.Head + 1)
                    );
                    var reader = await at.SubscribeAsync(["communities:mine"], after, person);
                    open.Add((person, after, ReadAsync(reader, end.Task)));
                }
            await here.AppendAsync(history.Next());
        }
        var last = log.Log.Log.Head;
        end.SetResult(last);
        // A subscriber at the head learns of the end with its next message.
        await here.AppendAsync(history.Next());
        var events = await EventsAsync(first);
        foreach (var (by, after, reading) in open)
        {
            var (reader, closing) = await reading;
            var seen = MembershipHistory.Seen(
                events.Where(e => e.Position <= reader.Position),
                by,
                after,
                out var ends
            );
            Assert.Equal(seen, reader.Items.Select(i => i.Position));
            Assert.True(ends || reader.Position >= last);
            Assert.Equal(ends ? new LiveMessage.Closed("session_ended") : null, closing as LiveMessage.Closed);
            await reader.DisposeAsync();
        }
        Assert.Contains(open, o => MembershipHistory.Seen(events, o.By, o.After, out _).Count > 10);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Resumed_at_every_position_from_the_tail_the_index_or_the_log_it_is_the_same(int seed)
    {
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var (random, history) = (new Random(seed), new MembershipHistory(seed));
        await using var tail = new LiveSetting(log.Log, EveryPosition);
        await tail.AppendAsync(history.Founded());
        var first = log.Log.Log.Head;
        for (var i = 0; i < 30; i++)
        {
            if (i == 20)
                await log.IndexAsync();
            await tail.AppendAsync(history.Next());
        }
        var (events, head) = (await EventsAsync(first), log.Log.Log.Head);
        await using var node = await log.NodeAsync();
        for (var after = first; after < head; after += random.Next(1, 6))
        {
            var limits = EveryPosition with
            {
                IndexedFromEvents = random.Next(1, 40),
                BatchItemsMax = random.Next(1, 9),
                BatchBytesMax = 900,
            };
            await using var indexed = new LiveSetting(log.Log, limits, node: node);
            await using var scanning = new LiveSetting(log.Log, EveryPosition, node: node);
            var by = history.People[random.Next(history.People.Length)];
            var seen = MembershipHistory.Seen(events, by, after, out _);
            foreach (var at in new[] { tail, indexed, scanning })
            {
                await using var reader = await at.SubscribeAsync(["communities:mine"], after, by);
                await ReadAsync(reader, Task.FromResult(head));
                Assert.Equal(seen, reader.Items.Select(i => i.Position));
            }
        }
    }

    private static async Task<(LiveReader Reader, LiveMessage? Last)> ReadAsync(LiveReader reader, Task<long> end)
    {
        LiveMessage? last = null;
        while (!end.IsCompletedSuccessfully || reader.Position is not { } at || at < await end)
        {
            if (await reader.NextAsync() is not { } next)
                break;
            last = next;
        }
        return (reader, last);
    }

    private async Task<List<RecordedEvent>> EventsAsync(long after)
    {
        var events = new List<RecordedEvent>();
        while (
            await log.Log.Log.Reader.ReadAsync(
                after + events.Count,
                long.MaxValue,
                1000,
                null,
                null,
                TestContext.Current.CancellationToken
            )
                is { Count: > 0 } page
        )
            events.AddRange(page);
        return events;
    }
}
