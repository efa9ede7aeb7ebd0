using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Members;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Fixtures;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Tests;

/// <summary>Roles and overwrites open and close the topics of channels at their positions.</summary>
public class VisibilityTests(TestLog log)
{
    private const string Mine = "communities:mine";

    // A reader knows where it is also when an event does not concern it.
    private static readonly RealtimeLimits EveryPosition = new() { MovedAfterEvents = 1 };

    [Fact]
    public async Task Who_may_no_longer_see_a_channel_gets_nothing_of_it_from_that_position_on()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        await OwnerSaysAsync(live, "before");
        await HideAsync(live, live.Member, OverwriteTarget.Member);
        await OwnerSaysAsync(live, "after");
        Assert.Equal(new LiveMessage.Closed("permission_ended"), await reader.ReadToEndAsync());
        Assert.Equal(["before", null], reader.Texts);
        Assert.Equal("overwriteSet", reader.Types.Last());
        Assert.Equal("permission_missing", (await live.RefusedAsync([live.Channel])).Code);
    }

    [Fact]
    public async Task A_channel_that_is_hidden_and_shown_again_goes_on_among_the_callers_own()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([Mine]);
        await reader.NextAsync();
        var hidden = await HideAsync(live, live.Community);
        await OwnerSaysAsync(live, "hidden");
        var shown = await live.SendAsync(new RemoveOverwrite(live.General, live.Owner, live.Community));
        var last = await OwnerSaysAsync(live, "shown");
        var notices = await ReadAsync(reader, last);
        Assert.Equal([null, null, "shown"], reader.Texts);
        Assert.Equal(
            [
                new LiveMessage.ChannelsChanged(live.Community, hidden),
                new LiveMessage.ChannelsChanged(live.Community, shown),
            ],
            notices.OfType<LiveMessage.ChannelsChanged>()
        );
        var closed = Assert.Single(notices.OfType<LiveMessage.TopicsClosed>());
        Assert.Equal(
            ("permission_ended", hidden, live.Channel),
            (closed.Reason, closed.Position, Assert.Single(closed.Topics))
        );
    }

    [Fact]
    public async Task A_role_shows_a_channel_while_the_member_has_it()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        var role = await RoleAsync(live);
        await HideAsync(live, live.Community);
        await live.SendAsync(
            new SetOverwrite(live.General, live.Owner, OverwriteTarget.Role, role, Permission.ViewChannel, 0)
        );
        await using var reader = await live.SubscribeAsync([Mine]);
        await reader.NextAsync();
        await OwnerSaysAsync(live, "without");
        await live.SendAsync(new GiveRole(live.Community, live.Member, role, live.Owner));
        await OwnerSaysAsync(live, "with");
        await live.SendAsync(new DeleteRole(live.Community, role, live.Owner));
        await OwnerSaysAsync(live, "deleted");
        await ReadAsync(reader, log.Log.Head);
        Assert.Equal(["with"], reader.Texts.OfType<string>());
    }

    [Fact]
    public async Task Members_learn_nothing_of_channels_that_they_do_not_see()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        await EveryoneHasAsync(live, Permission.None);
        await using var reader = await live.SubscribeAsync([$"community:{live.Community}", Mine]);
        await reader.NextAsync();
        var secret = Guid.CreateVersion7();
        await live.SendAsync(
            new CreateChannel(secret, live.Community, live.Owner, "secret", ChannelKind.Text, null, 0)
        );
        await live.SendAsync(
            new SetOverwrite(secret, live.Owner, OverwriteTarget.Role, live.Community, 0, Permission.SendMessages)
        );
        await EveryoneHasAsync(live, Permission.ViewChannel);
        await live.SendAsync(
            new SetOverwrite(secret, live.Owner, OverwriteTarget.Role, live.Community, 0, Permission.AddReactions)
        );
        await ReadAsync(reader, log.Log.Head);
        Assert.Equal(["roleChanged", "overwriteSet"], reader.Types);
    }

    [Fact]
    public async Task A_private_channel_is_unknown_to_members_until_it_is_shown_to_them()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([Mine]);
        await reader.NextAsync();
        var room = Guid.CreateVersion7();
        var create = new CreateChannel(room, live.Community, live.Owner, "room", ChannelKind.Text, null, 0);
        await live.SendAsync(create with { Private = true });
        await OwnerSaysAsync(live, "hidden", room);
        var shown = await live.SendAsync(
            new SetOverwrite(room, live.Owner, OverwriteTarget.Member, live.Member, Permission.ViewChannel, 0)
        );
        var notices = await ReadAsync(reader, await OwnerSaysAsync(live, "shown", room));
        Assert.Equal([null, "shown"], reader.Texts);
        Assert.Equal("overwriteSet", reader.Types.First());
        Assert.Equal([new LiveMessage.ChannelsChanged(live.Community, shown)], notices);
    }

    [Fact]
    public async Task A_deleted_channel_ends_with_its_last_event()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await using var all = await live.SubscribeAsync([Mine]);
        await reader.NextAsync();
        await all.NextAsync();
        var deleted = await live.SendAsync(new DeleteChannel(live.General, live.Owner));
        Assert.Equal(new LiveMessage.Closed("channel_deleted"), await reader.ReadToEndAsync());
        Assert.Equal(["channelDeleted"], reader.Types);
        var closed = Assert.IsType<LiveMessage.TopicsClosed>(Assert.Single(await ReadAsync(all, deleted)));
        Assert.Equal(("channel_deleted", live.Channel), (closed.Reason, Assert.Single(closed.Topics)));
        Assert.Equal("channel_unknown", (await live.RefusedAsync([live.Channel])).Code);
    }

    [Fact]
    public async Task Who_resumes_gets_nothing_of_a_channel_that_was_hidden_meanwhile_and_reads_the_list_again()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        var after = log.Log.Head;
        await OwnerSaysAsync(live, "while it was seen");
        var hidden = await HideAsync(live, live.Community);
        var last = await OwnerSaysAsync(live, "hidden");
        await using var reader = await live.SubscribeAsync([Mine], after);
        var notices = await ReadAsync(reader, last);
        Assert.Empty(reader.Items);
        Assert.Equal([new LiveMessage.ChannelsChanged(live.Community, hidden)], notices);
    }

    [Theory]
    [InlineData(0, new[] { "now" })]
    [InlineData(60, new[] { "earlier", "now" })]
    public async Task Who_may_not_read_the_history_gets_what_is_newer_than_the_limit(int seconds, string[] gets)
    {
        var limits = EveryPosition with { WithoutHistoryMax = TimeSpan.FromSeconds(seconds) };
        await using var live = await new LiveSetting(log, limits).WithCommunityAsync();
        await HideAsync(live, live.Community, hides: Permission.ReadMessageHistory);
        foreach (var topic in new[] { live.Channel, Mine })
        {
            var after = log.Log.Head;
            await OwnerSaysAsync(live, "earlier");
            await using var reader = await live.SubscribeAsync([topic], after);
            await ReadAsync(reader, await OwnerSaysAsync(live, "now"));
            Assert.Equal(gets, reader.Texts.OfType<string>());
        }
    }

    [Fact]
    public async Task Who_was_kicked_and_resumes_gets_only_what_every_member_saw()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        var role = await RoleAsync(live);
        var open = Guid.CreateVersion7();
        await live.SendAsync(new CreateChannel(open, live.Community, live.Owner, "open", ChannelKind.Text, null, 0));
        await HideAsync(live, live.Community);
        await live.SendAsync(
            new SetOverwrite(live.General, live.Owner, OverwriteTarget.Role, role, Permission.ViewChannel, 0)
        );
        await live.SendAsync(new GiveRole(live.Community, live.Member, role, live.Owner));
        var after = log.Log.Head;
        await OwnerSaysAsync(live, "for the role");
        await OwnerSaysAsync(live, "for all", open);
        await live.SendAsync(new KickMember(live.Community, live.Member, live.Owner, null));
        await OwnerSaysAsync(live, "too late", open);
        await using var reader = await live.SubscribeAsync([Mine], after);
        await ReadAsync(reader, log.Log.Head);
        Assert.Equal(["for all"], reader.Texts.OfType<string>());
    }

    [Fact]
    public async Task Administrators_see_every_channel()
    {
        await using var live = await new LiveSetting(log, EveryPosition).WithCommunityAsync();
        var role = await RoleAsync(live, Permission.Administrator);
        await live.SendAsync(new GiveRole(live.Community, live.Member, role, live.Owner));
        await using var reader = await live.SubscribeAsync([live.Channel]);
        await reader.NextAsync();
        await HideAsync(live, live.Community);
        await reader.ReadToAsync(await OwnerSaysAsync(live, "for administrators"));
        Assert.Equal([null, "for administrators"], reader.Texts);
    }

    private static Task<long> OwnerSaysAsync(LiveSetting live, string text, Guid? channel = null) =>
        live.SendAsync(new SendMessage(Guid.CreateVersion7(), channel ?? live.General, live.Owner, text, null));

    private static Task<long> HideAsync(
        LiveSetting live,
        Guid target,
        OverwriteTarget kind = OverwriteTarget.Role,
        Permission hides = Permission.ViewChannel
    ) => live.SendAsync(new SetOverwrite(live.General, live.Owner, kind, target, Permission.None, hides));

    private static Task<long> EveryoneHasAsync(LiveSetting live, Permission permissions) =>
        live.SendAsync(
            new ChangeRole(live.Community, live.Community, live.Owner, "everyone", 0, permissions, false, false)
        );

    private static async Task<Guid> RoleAsync(LiveSetting live, Permission permissions = Permission.None)
    {
        var role = Guid.CreateVersion7();
        await live.SendAsync(
            new CreateRole(live.Community, role, live.Owner, "curators", 0, permissions, false, false)
        );
        return role;
    }

    /// <summary>Reads up to a position.</summary>
    /// <returns>The notices of events before it.</returns>
    private static async Task<List<LiveMessage>> ReadAsync(LiveReader reader, long position)
    {
        var notices = new List<LiveMessage>();
        while (reader.Position is null || reader.Position < position)
        {
            var next = await reader.NextAsync();
            Assert.NotNull(next);
            if (next is not LiveMessage.Batch)
                notices.Add(next);
        }
        return notices;
    }
}
