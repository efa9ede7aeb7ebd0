using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Chat.Members;
using Veza.Domain.Accounts;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Roles;
using Veza.Realtime.Engine;
using Veza.Realtime.Presence;

namespace Veza.Realtime.Tests;

public class PresenceTests(TestLog log)
{
    private static readonly PresenceLimits Quick = new()
    {
        SendEvery = TimeSpan.FromMilliseconds(10),
        DevicesPerAccountMax = 2,
    };
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Of_several_devices_the_one_most_there_counts_unless_one_is_invisible()
    {
        var (board, ana) = (
            new PresenceBoard(Guid.CreateVersion7(), new(), TimeProvider.System),
            Guid.CreateVersion7()
        );
        board.Set(ana, "phone", PresenceStatus.Idle);
        board.Set(ana, "desk", PresenceStatus.Online);
        Assert.Equal(new(PresenceStatus.Online, 2), board.Of(ana));
        board.Receive(Guid.CreateVersion7(), [(ana, new(PresenceStatus.Invisible, 1))], whole: false);
        Assert.Equal(PresenceStatus.Offline, board.Of(ana).Status.Shown());
        Assert.NotNull(board.LastSeen(ana));
    }

    [Fact]
    public void The_last_device_takes_the_account_away_and_its_minute_stays()
    {
        var (board, ana) = (
            new PresenceBoard(Guid.CreateVersion7(), new(), TimeProvider.System),
            Guid.CreateVersion7()
        );
        board.Set(ana, "phone", PresenceStatus.Online);
        Assert.Null(board.LastSeen(ana));
        board.Remove(ana, "phone");
        Assert.Equal(default, board.Of(ana));
        Assert.Equal(0, board.LastSeen(ana)!.Value.Second);
    }

    [Fact]
    public void Devices_have_a_bound_over_all_nodes()
    {
        var (board, ana) = (
            new PresenceBoard(Guid.CreateVersion7(), Quick, TimeProvider.System),
            Guid.CreateVersion7()
        );
        board.Receive(Guid.CreateVersion7(), [(ana, new(PresenceStatus.Online, 1))], whole: true);
        Assert.True(board.Set(ana, "phone", PresenceStatus.Online));
        Assert.False(board.Set(ana, "desk", PresenceStatus.Online));
        Assert.True(board.Set(ana, "phone", PresenceStatus.Idle));
    }

    [Fact]
    public void A_node_that_says_goodbye_or_nothing_takes_with_it_who_was_there_only()
    {
        var (board, node, ana, bo) = (
            new PresenceBoard(Guid.CreateVersion7(), new() { GoneAfter = TimeSpan.FromTicks(-1) }, TimeProvider.System),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7()
        );
        board.Receive(node, [(ana, new(PresenceStatus.Online, 1)), (bo, new(PresenceStatus.Online, 1))], whole: true);
        board.Receive(node, [(bo, new(PresenceStatus.Online, 1))], whole: true);
        Assert.Equal((PresenceStatus.Offline, PresenceStatus.Online), (board.Of(ana).Status, board.Of(bo).Status));
        board.RemoveNodes(null);
        Assert.Equal(PresenceStatus.Offline, board.Of(bo).Status);
    }

    [Fact]
    public async Task Members_on_another_node_hear_of_each_other_and_of_typing_until_they_leave()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await log.ProjectedAsync();
        await using var here = Service(live);
        await using var there = Service(live);
        await here.StartAsync(Ct);
        await there.StartAsync(Ct);
        var (watch, _) = await there.WatchAsync(live.Caller, [$"community:{live.Community}", live.Channel], Ct);
        var owner = new LiveCaller(live.Owner, null, false);

        here.Board.Set(live.Owner, "desk", PresenceStatus.DoNotDisturb);
        Assert.Equal([new(live.Owner, PresenceStatus.DoNotDisturb)], (await NextAsync(watch!)).Presence);
        here.Board.Set(live.Owner, "phone", PresenceStatus.Invisible);
        Assert.Equal([new(live.Owner, PresenceStatus.Offline)], (await NextAsync(watch!)).Presence);
        Assert.Null(await here.TypeAsync(owner, live.General, Ct));
        var typing = Assert.Single((await NextAsync(watch!)).Typing);
        Assert.Equal((live.General, live.Owner), (typing.ChannelId, typing.AccountId));
        Assert.InRange(typing.ExpiresInMs, 1, (int)Quick.TypingExpiresAfter.TotalMilliseconds);

        await live.SendAsync(new LeaveCommunity(live.Community, live.Member));
        await here.TypeAsync(owner, live.General, Ct);
        Assert.Equal(2, (await NextAsync(watch!)).Closed.Count);
        Assert.Null(await watch!.NextAsync(Ct));
        await there.StopAsync(Ct);
        await here.StopAsync(Ct);
    }

    [Fact]
    public async Task A_session_that_signed_out_gets_no_presence()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var service = Service(live);
        await service.StartAsync(Ct);
        var (watch, _) = await service.WatchAsync(live.Caller, [live.Channel], Ct);
        var ended = new StreamChange(
            live.Session,
            "session",
            0,
            [
                new SessionStarted(live.Session, live.Member, "hash", log.Now),
                new SessionEnded(live.Session, live.Member, Session.SignedOut),
            ]
        );
        await log.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [ended], []));
        await service.TypeAsync(new(live.Owner, null, false), live.General, Ct);
        var last = await NextAsync(watch!);
        Assert.Equal((0, live.Channel), (last.Typing.Count, Assert.Single(last.Closed)));
        await service.StopAsync(Ct);
    }

    [Fact]
    public async Task Strangers_neither_watch_nor_type()
    {
        await using var live = await new LiveSetting(log).WithCommunityAsync();
        await using var service = Service(live);
        var stranger = new LiveCaller(Guid.CreateVersion7(), null, false);
        Assert.Equal(
            "permission_missing",
            (await service.WatchAsync(stranger, [$"community:{live.Community}"], Ct)).Refusal!.Code
        );
        Assert.Equal("permission_missing", (await service.WatchAsync(stranger, [live.Channel], Ct)).Refusal!.Code);
        Assert.Equal("topic_invalid", (await service.WatchAsync(stranger, ["chart:top"], Ct)).Refusal!.Code);
        Assert.Equal("permission_missing", (await service.TypeAsync(stranger, live.General, Ct))!.Code);
    }

    private PresenceService Service(LiveSetting live) =>
        new(
            live.Engine,
            new ChatQueries(log.Views),
            new MemberPermissions(live.Engine.Log, new RoleQueries(log.Views)),
            Quick,
            TimeProvider.System,
            NullLogger<PresenceService>.Instance
        );

    private static async Task<PresenceMessage> NextAsync(PresenceWatch watch) =>
        Assert.IsType<PresenceMessage>(await watch.NextAsync(Ct));
}
