using Veza.Commands.Chat.Members;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

public class AccessTests(TestLog log)
{
    [Fact]
    public async Task A_channel_is_for_members()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        Assert.Equal(
            "permission_missing",
            (await live.RefusedAsync([live.Channel], caller: new(Guid.CreateVersion7(), null, false))).Code
        );
        Assert.Equal("channel_unknown", (await live.RefusedAsync([$"channel:{Guid.CreateVersion7()}"])).Code);
    }

    [Fact]
    public async Task Only_ones_own_account_is_a_topic()
    {
        await using var live = new LiveSetting(log);
        Assert.Equal("not_own_account", (await live.RefusedAsync([$"account:{live.Owner}"])).Code);
    }

    [Fact]
    public async Task A_connection_whose_session_was_ended_opens_no_new_subscription()
    {
        await using var live = new LiveSetting(log);
        var started = new StreamChange(
            live.Session,
            "session",
            0,
            [
                new SessionStarted(live.Session, live.Member, "hash", log.Now),
                new SessionEnded(live.Session, live.Member, "signed_out"),
            ]
        );
        await log.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [started], []));
        Assert.Equal("session_ended", (await live.RefusedAsync(["chart:top"])).Code);
    }

    [Fact]
    public async Task A_slow_reader_gets_nothing_more_once_signed_out()
    {
        await using var live = await new LiveSetting(log, new() { BatchItemsMax = 2 }).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        for (var i = 0; i < 10; i++)
            await live.SayAsync($"{i}");
        var ended = new StreamChange(
            live.Session,
            "session",
            0,
            [
                new SessionStarted(live.Session, live.Member, "hash", log.Now),
                new SessionEnded(live.Session, live.Member, "signed_out"),
            ]
        );
        await log.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [ended], []));
        Assert.Equal(new LiveMessage.Closed("session_ended"), await reader.ReadToEndAsync());
        Assert.Empty(reader.Items);
    }

    [Fact]
    public async Task That_a_session_reads_the_log_is_recorded_or_it_does_not_read()
    {
        await using var live = new LiveSetting(log);
        var analyst = live.Analyst with { SessionId = live.Session };
        await using (await live.SubscribeAsync(["chart:top"], caller: analyst)) { }
        Assert.Empty(live.Recorded);
        await using (await live.SubscribeAsync(["chart:top", "log"], caller: analyst)) { }
        Assert.Equal([live.Session], live.Recorded);
        live.LogIsBusy = true;
        Assert.Equal("log_busy", (await live.RefusedAsync(["log"], caller: analyst)).Code);
    }

    [Fact]
    public async Task The_log_needs_its_scope()
    {
        await using var live = new LiveSetting(log);
        Assert.Equal("scope_missing", (await live.RefusedAsync(["log"])).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("channel")]
    [InlineData("channel:")]
    [InlineData("channel:1")]
    [InlineData("Channel:0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("channel:{0198f5c0-0000-7000-8000-000000000000}")]
    [InlineData("channel:0198f5c0-0000-7000-8000-000000000000 ")]
    [InlineData("access:0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("private:0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("activity:0198f5c0-0000-7000-8000-000000000000")]
    [InlineData("chart:best")]
    [InlineData("LOG")]
    public async Task An_unknown_topic_is_refused(string topic)
    {
        await using var live = new LiveSetting(log);
        Assert.Equal("topic_invalid", (await live.RefusedAsync([topic], caller: live.Analyst)).Code);
    }

    [Fact]
    public async Task Topics_and_positions_have_bounds()
    {
        await using var live = new LiveSetting(log, new() { TopicsPerSubscriptionMax = 2 });
        Assert.Equal("too_many_topics", (await live.RefusedAsync(["chart:top", "chart:trending", "chart:top"])).Code);
        Assert.Equal("topics_missing", (await live.RefusedAsync([])).Code);
        Assert.Equal("position_invalid", (await live.RefusedAsync(["chart:top"], after: -1)).Code);
        Assert.Equal("position_ahead", (await live.RefusedAsync(["chart:top"], after: long.MaxValue)).Code);
    }

    [Theory]
    [InlineData("left")]
    [InlineData("was kicked")]
    [InlineData("was banned")]
    public async Task A_former_member_sees_nothing_from_that_position_on(string how)
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        await live.SayAsync("before");
        await (
            how switch
            {
                "left" => live.SendAsync(new LeaveCommunity(live.Community, live.Member)),
                "was kicked" => live.SendAsync(new KickMember(live.Community, live.Member, live.Owner, null)),
                _ => live.SendAsync(new BanMember(live.Community, live.Member, live.Owner, null)),
            }
        );
        await live.SendAsync(
            new Veza.Commands.Chat.Messages.SendMessage(Guid.CreateVersion7(), live.General, live.Owner, "after", null)
        );
        Assert.Equal(new LiveMessage.Closed("membership_ended"), await reader.ReadToEndAsync());
        Assert.Equal(["before"], reader.Texts);
        Assert.Equal("permission_missing", (await live.RefusedAsync([live.Channel])).Code);
    }

    [Fact]
    public async Task Other_topics_go_on_when_a_community_is_left()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel, live.Account]);
        await reader.NextAsync();
        var left = await live.SendAsync(new LeaveCommunity(live.Community, live.Member));
        while (await reader.NextAsync() is var next)
        {
            if (next is not LiveMessage.TopicsClosed closed)
                continue;
            Assert.Equal((left, live.Channel), (closed.Position, Assert.Single(closed.Topics)));
            break;
        }
        await live.SendAsync(
            new Veza.Commands.Chat.Messages.SendMessage(Guid.CreateVersion7(), live.General, live.Owner, "after", null)
        );
        var joined = await live.SendAsync(new JoinCommunity(live.Community, live.Member));
        await reader.ReadToAsync(joined);
        Assert.Equal(["memberLeft", "memberJoined"], reader.Types);
    }

    [Fact]
    public async Task Having_left_and_come_back_before_subscribing_ends_nothing()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        var after = log.Log.Head;
        await live.SendAsync(new LeaveCommunity(live.Community, live.Member));
        await live.SendAsync(new JoinCommunity(live.Community, live.Member));
        await using var reader = await live.SubscribeAsync([live.Channel], after);
        await reader.ReadToAsync(await live.SayAsync("back"));
        Assert.Equal(["back"], reader.Texts);
    }

    [Fact]
    public async Task A_session_that_signed_out_receives_nothing_more()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        await live.AppendAsync(new SessionEnded(Guid.CreateVersion7(), live.Member, "signed_out"));
        await live.SayAsync("another device signed out");
        await live.AppendAsync(new SessionEnded(live.Session, live.Member, "signed_out"));
        await live.SayAsync("too late");
        Assert.Equal(new LiveMessage.Closed("session_ended"), await reader.ReadToEndAsync());
        Assert.Equal(["another device signed out"], reader.Texts);
    }

    [Fact]
    public async Task An_account_hears_of_those_it_follows_from_the_follow_on()
    {
        await using var live = new LiveSetting(log);
        var (artist, early, late, gone) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        await using var reader = await live.SubscribeAsync([live.Account]);
        await reader.NextAsync();
        await live.AppendAsync(Uploaded(early, artist));
        await live.AppendAsync(new FollowStarted(live.Member, artist), Uploaded(late, artist));
        var last = await live.AppendAsync(
            new FollowStopped(live.Member, artist),
            Uploaded(gone, artist),
            new FollowStarted(Guid.CreateVersion7(), live.Member)
        );
        await reader.ReadToAsync(last);
        Assert.Equal(["followStarted", "trackUploaded", "followStopped", "followStarted"], reader.Types);
        Assert.Equal(late, LiveReader.Json(reader.Items[1]).GetProperty("data").GetProperty("trackId").GetGuid());
    }

    [Fact]
    public async Task Resuming_an_account_gives_what_it_would_have_had_without_the_break()
    {
        await using var live = new LiveSetting(log);
        var (before, during, stopped) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await live.AppendAsync(new FollowStarted(live.Member, before), new FollowStarted(live.Member, stopped));
        await using var whole = await live.SubscribeAsync([live.Account]);
        await whole.NextAsync();
        var after = whole.Position;
        var last = await live.AppendAsync(
            Uploaded(Guid.CreateVersion7(), before),
            Uploaded(Guid.CreateVersion7(), during),
            Uploaded(Guid.CreateVersion7(), stopped),
            new FollowStarted(live.Member, during),
            new FollowStopped(live.Member, stopped),
            Uploaded(Guid.CreateVersion7(), before),
            Uploaded(Guid.CreateVersion7(), during),
            Uploaded(Guid.CreateVersion7(), stopped)
        );
        await whole.ReadToAsync(last);
        await using var resumed = await live.SubscribeAsync([live.Account], after);
        await resumed.ReadToAsync(last);
        Assert.Equal(6, whole.Items.Count);
        Assert.Equal(whole.Items.Select(i => i.Position), resumed.Items.Select(i => i.Position));
    }

    private static TrackUploaded Uploaded(Guid track, Guid owner) =>
        new(track, owner, "a tune", null, null, 1, "00", 1000, "flac", 44_100, 2);
}
