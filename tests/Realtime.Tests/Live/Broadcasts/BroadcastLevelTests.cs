using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Options;
using Veza.Domain.Live.Broadcasts;
using Veza.Fixtures;
using Veza.Projections.Topics;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests.Live.Broadcasts;

/// <summary>Levels go to the followers of a broadcast, only the newest of each, and never move a position.</summary>
public sealed class BroadcastLevelTests(TestLog log)
{
    private readonly Guid _broadcast = Guid.CreateVersion7();
    private readonly Guid _another = Guid.CreateVersion7();

    private static LiveMessage.BroadcastLevel Level(Guid broadcast, double db) =>
        new(broadcast, new(2026, 11, 29, 20, 0, 0, TimeSpan.Zero), db, db - 3);

    private string Topic => $"broadcast:{_broadcast}";

    [Fact]
    public async Task Followers_of_a_broadcast_get_its_level_and_others_do_not()
    {
        await using var live = new LiveSetting(log);
        await using var follower = await live.SubscribeAsync([Topic]);
        await using var other = await live.SubscribeAsync([$"broadcast:{_another}"]);
        await follower.NextAsync();
        await other.NextAsync();
        Assert.Equal((1, 0), (live.Engine.FollowersOf(_broadcast), live.Engine.FollowersOf(Guid.CreateVersion7())));

        live.Engine.Publish(Level(_broadcast, -6));
        Assert.Equal(Level(_broadcast, -6), await follower.NextAsync());
        live.Engine.Publish(Level(_another, -7));
        Assert.Equal(Level(_another, -7), await other.NextAsync());
    }

    [Fact]
    public async Task A_slow_follower_finds_the_newest_level_of_each_broadcast_and_all_of_the_events()
    {
        await using var live = new LiveSetting(log);
        await using var slow = await live.SubscribeAsync([Topic, $"broadcast:{_another}"]);
        await slow.NextAsync();
        for (var i = 0; i < 1000; i++)
        {
            live.Engine.Publish(Level(_broadcast, -i));
            live.Engine.Publish(Level(_another, -2 * i));
        }
        var ended = await live.AppendAsync(new BroadcastEnded(_broadcast, Guid.CreateVersion7(), "stopped"));

        var levels = new List<LiveMessage>();
        while (slow.Position < ended || levels.Count < 2)
            if (await slow.NextAsync() is LiveMessage.BroadcastLevel level)
                levels.Add(level);
        Assert.Equal([Level(_broadcast, -999), Level(_another, -1998)], levels);
        Assert.Equal(["broadcastEnded"], slow.Types);
    }

    [Fact]
    public async Task A_follower_who_waits_is_woken_by_a_level()
    {
        await using var live = new LiveSetting(log);
        await using var follower = await live.SubscribeAsync([Topic]);
        await follower.NextAsync();
        for (var i = 0; i < 100; i++)
        {
            var next = follower.NextAsync();
            live.Engine.Publish(Level(_broadcast, -i));
            Assert.Equal(Level(_broadcast, -i), await next);
        }
    }

    [Fact]
    public async Task Whose_account_a_meter_is_charged_to_is_named_once_however_often_it_follows()
    {
        await using var live = new LiveSetting(log);
        var others = Enumerable
            .Range(0, 3)
            .Select(_ => live.Caller with { AccountId = Guid.CreateVersion7(), SessionId = null })
            .ToList();
        await using var one = await live.SubscribeAsync([Topic], caller: others[0]);
        await using var again = await live.SubscribeAsync([Topic], caller: others[0]);
        await using var two = await live.SubscribeAsync([Topic], caller: others[1]);
        await using var three = await live.SubscribeAsync([Topic], caller: others[2]);
        foreach (var reader in (LiveReader[])[one, again, two, three])
            await reader.NextAsync();
        var named = live.Engine.AccountsAmongFollowersOf(_broadcast, max: 8);
        Assert.Equal(others.Select(o => o.AccountId).Order(), named.Order());
        Assert.Equal(2, live.Engine.AccountsAmongFollowersOf(_broadcast, 2).Count);
        await one.DisposeAsync();
        await again.DisposeAsync();
        Assert.Equal(2, live.Engine.FollowersOf(_broadcast));
    }

    [Fact]
    public void A_level_is_written_once_and_in_the_same_form_for_every_protocol()
    {
        var level = Level(_broadcast, -6.1);
        var text =
            $$"""{"kind":"level","broadcastId":"{{_broadcast}}","at":"2026-11-29T20:00:00Z","samplePeakDbfs":-6.1,"""
            + "\"momentaryLufs\":-9.1,\"unmetered\":null}";
        Assert.Equal(text, Encoding.UTF8.GetString(level.Json));
        Assert.True(level.Json == level.Json);
        using var written = new MemoryStream();
        using (var json = new Utf8JsonWriter(written))
            level.WriteTo(json);
        Assert.Equal(text, Encoding.UTF8.GetString(written.ToArray()));

        var unmetered = new LiveMessage.BroadcastLevel(_broadcast, level.At, null, null, "channel_mapping");
        Assert.EndsWith(
            """
            "samplePeakDbfs":null,"momentaryLufs":null,"unmetered":"channel_mapping"}
            """,
            Encoding.UTF8.GetString(unmetered.Json),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Over_the_hub_a_level_goes_out_byte_for_byte_as_SignalR_would_write_it()
    {
        var options = new JsonHubProtocolOptions();
        options.PayloadSerializerOptions.Converters.Add(new LiveMessageConverter());
        var made = Options.Create(options);
        var written = new IHubProtocol[] { new JsonHubProtocol(made), new LiveHubProtocol(made) }
            .Select(protocol =>
            {
                var bytes = new ArrayBufferWriter<byte>();
                protocol.WriteMessage(new StreamItemMessage("7", Level(_broadcast, -6.1)), bytes);
                return Encoding.UTF8.GetString(bytes.WrittenSpan);
            })
            .ToList();
        Assert.Equal(written[0], written[1]);
    }
}
