using Veza.Commands.Chat.Messages;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Reading;
using Veza.Fixtures;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class SubscriptionTests(TestLog log)
{
    [Fact]
    public async Task Each_matching_event_arrives_once_and_in_order()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        var last = 0L;
        for (var i = 0; i < 50; i++)
            last = await live.SayAsync($"{i}");
        await reader.ReadToAsync(last);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), reader.Texts);
    }

    [Fact]
    public async Task A_new_subscription_is_greeted_with_where_it_begins()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        var batch = Assert.IsType<LiveMessage.Batch>(await reader.NextAsync());
        Assert.Empty(batch.Items);
        Assert.Equal(log.Log.Epoch, batch.Epoch);
    }

    [Fact]
    public async Task Resuming_at_any_position_gives_exactly_what_came_after_it()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var before = log.Log.Head;
        var said = new List<long>();
        for (var i = 0; i < 20; i++)
            said.Add(await live.SayAsync($"{i}"));
        for (var after = before; after < said[^1]; after++)
        {
            await using var reader = await live.SubscribeAsync([live.Channel], after);
            await reader.ReadToAsync(said[^1]);
            Assert.Equal(said.Where(p => p > after), reader.Items.Select(i => i.Position));
        }
    }

    [Fact]
    public async Task Events_before_the_tail_come_from_the_database_without_a_gap()
    {
        await using var live = await new LiveSetting(log, new() { BatchItemsMax = 64 }).WithCommunityAsync();
        var after = await live.SayAsync("first");
        await using var slow = await live.SubscribeAsync([live.Channel], after);
        await slow.NextAsync();
        var strange = Guid.CreateVersion7();
        var positions = new List<long>();
        for (var sent = 0; sent <= Tail.EventsMax; sent += 4000)
        {
            positions.Add(await live.SayAsync("one"));
            await live.AppendAsync([
                .. Enumerable
                    .Range(0, 4000)
                    .Select(_ => new MessageSent(Guid.CreateVersion7(), strange, live.Member, "noise", null)),
            ]);
        }
        Assert.False(log.Log.Tail.TryRead(after, 1, []));
        positions.Add(await live.SayAsync("one"));
        await slow.ReadToAsync(positions[^1]);
        Assert.Equal(positions, slow.Items.Select(i => i.Position));
        await using var anew = await live.SubscribeAsync([live.Channel], after);
        await anew.ReadToAsync(positions[^1]);
        Assert.Equal(positions, anew.Items.Select(i => i.Position));
    }

    [Fact]
    public async Task Positions_move_past_events_of_no_concern()
    {
        await using var live = await new LiveSetting(log, new() { MovedAfterEvents = 10 }).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([$"track:{Guid.CreateVersion7()}"]);
        await reader.NextAsync();
        var last = 0L;
        for (var i = 0; i < 30; i++)
            last = await live.SayAsync("not for a track");
        await reader.ReadToAsync(last - 15);
        Assert.Empty(reader.Items);
    }

    [Fact]
    public async Task An_event_on_two_subscribed_topics_is_one_item()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync(
            [live.Channel, "log"],
            caller: new(live.Member, null, MayReadLog: true)
        );
        await reader.NextAsync();
        var position = await live.SayAsync("once");
        await reader.ReadToAsync(position);
        Assert.Single(reader.Items, i => i.Position == position);
    }

    [Fact]
    public async Task The_log_topic_has_every_event()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var after = log.Log.Head;
        await using var reader = await live.SubscribeAsync(["log"], after, live.Analyst);
        var last = 0L;
        for (var i = 0; i < 10; i++)
            last = await live.SayAsync("all");
        await reader.ReadToAsync(last);
        Assert.Equal(
            Enumerable.Range(0, reader.Items.Count).Select(i => after + 1 + i),
            reader.Items.Select(i => i.Position)
        );
    }

    [Fact]
    public async Task A_client_that_stops_reading_holds_no_memory_and_delays_no_other()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var stopped = await live.SubscribeAsync([live.Channel]);
        await using var other = await live.SubscribeAsync([live.Channel]);
        await stopped.NextAsync();
        var last = 0L;
        for (var i = 0; i < 200; i++)
        {
            last = await live.SayAsync($"{i}");
            if (i % 50 == 0)
                await other.ReadToAsync(last);
        }
        await other.ReadToAsync(last);
        await stopped.ReadToAsync(last);
        Assert.Equal(200, other.Items.Count);
        Assert.Equal(other.Items.Select(i => i.Position), stopped.Items.Select(i => i.Position));
    }

    [Fact]
    public async Task Batches_are_bounded_in_items_and_bytes()
    {
        await using var live = await new LiveSetting(
            log,
            new() { BatchItemsMax = 8, BatchBytesMax = 4096 }
        ).WithCommunityAsync();
        var after = log.Log.Head;
        var last = 0L;
        for (var i = 0; i < 40; i++)
            last = await live.SayAsync(new string('x', i % 2 == 0 ? 1 : 2000));
        await using var reader = await live.SubscribeAsync([live.Channel], after);
        while (reader.Position < last)
        {
            var batch = Assert.IsType<LiveMessage.Batch>(await reader.NextAsync());
            Assert.InRange(batch.Items.Count, 0, 8);
            Assert.True(batch.Items.Sum(i => i.Json.Length) <= 4096);
        }
        Assert.Equal(40, reader.Items.Count);
    }

    [Fact]
    public async Task A_reader_too_far_behind_gets_the_head_instead()
    {
        await using var live = await new LiveSetting(log, new() { CatchUpEventsMax = 10 }).WithCommunityAsync();
        var after = log.Log.Head;
        for (var i = 0; i < 20; i++)
            await live.SayAsync("far");
        await using var reader = await live.SubscribeAsync([live.Channel], after);
        var behind = Assert.IsType<LiveMessage.FellBehind>(await reader.ReadToEndAsync());
        Assert.True(behind.Head >= after + 20);
    }

    [Fact]
    public async Task A_position_of_another_epoch_is_not_resumed_from()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel], long.MaxValue / 2, epoch: "another-1");
        var changed = Assert.IsType<LiveMessage.EpochChanged>(await reader.ReadToEndAsync());
        Assert.Equal(log.Log.Epoch, changed.Epoch);
    }

    [Fact]
    public async Task A_stopping_server_says_so_and_takes_no_more()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        var end = reader.ReadToEndAsync();
        await live.Engine.FarewellAsync();
        Assert.Equal(new LiveMessage.Closed("server_stopping"), await end);
        Assert.Equal("server_stopping", (await live.RefusedAsync([live.Channel])).Code);
    }

    [Fact]
    public async Task A_subscription_that_is_given_up_leaves_nothing_behind()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using (var reader = await live.SubscribeAsync([live.Channel]))
            await reader.NextAsync();
        Assert.Equal(0, live.Engine.Subscriptions);
    }

    [Fact]
    public async Task Cancelling_ends_a_subscription_that_waits()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var opened = Assert.IsType<SubscribeOutcome.Opened>(
            await live.Engine.SubscribeAsync(live.Caller, [live.Channel], null, null, CancellationToken.None)
        );
        using var hangUp = new CancellationTokenSource();
        var messages = opened.Subscription.ReadAsync(hangUp.Token).GetAsyncEnumerator(CancellationToken.None);
        await messages.MoveNextAsync();
        var waiting = messages.MoveNextAsync().AsTask();
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await messages.DisposeAsync();
        Assert.Equal(0, live.Engine.Subscriptions);
    }

    [Fact]
    public async Task Many_writers_and_subscribers_at_once_agree_with_the_log()
    {
        await using var live = await new LiveSetting(log, new() { BatchItemsMax = 7 }).WithCommunityAsync();
        var after = log.Log.Head;
        var readers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => live.SubscribeAsync([live.Channel], after))
        );
        var written = Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async w =>
                {
                    var last = 0L;
                    for (var i = 0; i < 100; i++)
                        last = await live.SayAsync($"{w}/{i}");
                    return last;
                })
        );
        var early = readers.Take(10).Select(r => r.ReadToAsync(after + 1)).ToArray();
        var end = (await written).Max();
        await Task.WhenAll(early);
        var expected = (
            await log.Log.Reader.ReadAsync(
                after,
                end,
                1000,
                ["message_sent"],
                null,
                TestContext.Current.CancellationToken
            )
        )
            .Where(e => ((MessageSent)e.Data!).ChannelId == live.General)
            .Select(e => e.Position)
            .ToList();
        Assert.Equal(800, expected.Count);
        foreach (var reader in readers)
        {
            await reader.ReadToAsync(end);
            Assert.Equal(expected, reader.Items.Select(i => i.Position));
            await reader.DisposeAsync();
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_reader_that_looks_while_the_engine_is_in_the_middle_of_a_page_misses_nothing_of_it()
    {
        // An engine that does not run: the test calls the subscription in its place and stops half way.
        await using var live = new LiveSetting(log, run: false);
        var after = log.Log.Head;
        var outcome = await live.Engine.SubscribeAsync(
            live.Analyst,
            ["log"],
            after,
            null,
            TestContext.Current.CancellationToken
        );
        var subscription = Assert.IsType<SubscribeOutcome.Opened>(outcome).Subscription;
        await using var reader = new LiveReader(subscription, after);
        await reader.NextAsync();
        var last = await live.AppendAsync(
            new MessageDeleted(live.General, live.General, live.Member),
            new MessageDeleted(live.General, live.General, live.Member)
        );
        subscription.Note(last - 1);
        subscription.Note(last);
        await reader.ReadToAsync(last);
        // No engine records the events of other tests before it.
        Assert.Equal([last - 1, last], reader.Items.Select(i => i.Position).Where(p => p >= last - 1 && p <= last));
    }
}
