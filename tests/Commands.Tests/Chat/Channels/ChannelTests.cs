using Veza.Commands.Chat;
using Veza.Commands.Chat.Channels;
using Veza.Commands.Chat.Messages;
using Veza.Commands.Chat.Roles;
using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Chat.Channels;

public class ChannelTests(Rules rules)
{
    private readonly ChatSetting _chat = new();
    private readonly Guid _category = Guid.CreateVersion7();
    private readonly Guid _channel = Guid.CreateVersion7();

    private CreateChannel Category => _chat.Channel(_category, ChannelKind.Category);

    private CreateChannel InCategory => _chat.Channel(_channel) with { CategoryId = _category };

    private ChangeChannel Changed => new(_chat.General, _chat.Owner, "lounge", "All else", 30, Nsfw: true);

    private MoveChannel Moved(Guid channel, Guid? category = null, Guid? after = null) =>
        new(channel, _chat.Owner, category, after);

    private DeleteChannel Deleted(Guid channel) => new(channel, _chat.Owner);

    private ChannelPlaced Placed(Guid channel, double rank, Guid? category = null) =>
        new(_chat.Community, channel, category, rank, _chat.Owner);

    [Fact]
    public Task A_channel_is_changed() =>
        rules
            .Given(_chat.Given())
            .When(Changed)
            .Then(new ChannelChanged(_chat.General, _chat.Community, "lounge", "All else", 30, true, _chat.Owner));

    [Fact]
    public Task Changing_it_to_the_same_again_changes_nothing() =>
        rules.Given(_chat.Given(Changed)).When(Changed).ThenNothing();

    [Fact]
    public Task Its_new_slow_mode_counts_at_once() =>
        rules
            .Given(_chat.Given(Changed, _chat.Sent))
            .When(_chat.Sent with { MessageId = Guid.CreateVersion7() })
            .ThenRefused("slow_mode");

    [Theory]
    [InlineData("", null, 0, "name")]
    [InlineData("general", "\0", 0, "topic")]
    [InlineData("general", null, -1, "slowModeSeconds")]
    [InlineData("general", null, 21_601, "slowModeSeconds")]
    public async Task What_it_is_changed_to_has_bounds(string name, string? topic, int slow, string field)
    {
        var change = Changed with { Name = name, Topic = topic, SlowModeSeconds = slow };
        var refusal = await rules.Given(_chat.Given()).When(change).ThenRefused("invalid");
        Assert.Equal([field], refusal.Errors!.Keys);
    }

    [Fact]
    public async Task Only_who_manages_channels_changes_moves_and_deletes_them()
    {
        var member = _chat.Member;
        var change = Changed with { MemberId = member };
        await rules.Given(_chat.Given()).When(change).ThenRefused("permission_missing");
        var move = Moved(_chat.General) with { MemberId = member };
        await rules.Given().When(move).ThenRefused("permission_missing");
        var delete = Deleted(_chat.General) with { MemberId = member };
        await rules.Given().When(delete).ThenRefused("permission_missing");
    }

    [Fact]
    public async Task A_deleted_channel_takes_nothing_any_more()
    {
        await rules.Given(_chat.Given(_chat.Sent, Deleted(_chat.General))).PlayAsync();
        var again = _chat.Sent with { MessageId = Guid.CreateVersion7() };
        foreach (var command in new object[] { again, _chat.Reacted("👍"), Changed, Deleted(_chat.General) })
            await rules.Given().When(command).ThenRefused("channel_unknown");
    }

    [Fact]
    public async Task Deleting_one_makes_room_for_another()
    {
        await rules.Given(_chat.Created, _chat.Channel(_channel)).PlayAsync();
        var counted = Enumerable
            .Range(1, Community.ChannelsMax - 1)
            .Select(_ => new ChannelCounted(_chat.Community, Guid.CreateVersion7()));
        var full = Happened.To<Community>(_chat.Community, [.. counted]);
        await rules.Given(full, Deleted(_channel)).When(_chat.Channel(Guid.CreateVersion7())).ThenEvents();
    }

    [Fact]
    public async Task A_new_channel_comes_after_the_others_of_its_category()
    {
        await rules
            .Given(_chat.Given(Category, InCategory))
            .When(InCategory with { ChannelId = Guid.CreateVersion7() })
            .ThenEvents();
        var places = rules.StreamOf(_chat.Community).OfType<ChannelPlaced>();
        Assert.Equal([1, 2, 1, 2], places.Select(place => place.Rank));
    }

    [Fact]
    public async Task A_channel_moves_and_the_others_keep_their_places()
    {
        var second = Guid.CreateVersion7();
        await rules.Given(_chat.Given(Category, _chat.Channel(_channel), _chat.Channel(second))).PlayAsync();
        await rules.Given().When(Moved(second, after: _chat.General)).Then(Placed(second, 1.5));
        await rules.Given().When(Moved(second)).Then(Placed(second, 0.5));
        await rules.Given().When(Moved(second, _category)).Then(Placed(second, 1, _category));
        await rules.Given().When(Moved(second, after: _channel)).Then(Placed(second, 4));
        await rules.Given().When(Moved(second, after: _channel)).ThenNothing();
    }

    [Fact]
    public async Task Between_two_places_there_is_always_another()
    {
        var (left, right) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await rules.Given(_chat.Given(_chat.Channel(left), _chat.Channel(right))).PlayAsync();
        for (var i = 0; i < 120; i++)
            await rules.Given().When(Moved(i % 2 == 0 ? right : left, after: _chat.General)).ThenEvents();
    }

    [Fact]
    public async Task A_channel_is_in_one_category_of_its_community()
    {
        var elsewhere = _chat.Channel(Guid.CreateVersion7());
        await rules.Given(_chat.Given(Category, elsewhere)).PlayAsync();
        await rules.Given().When(InCategory with { CategoryId = _chat.General }).ThenRefused("category_unknown");
        var nested = InCategory with { Kind = ChannelKind.Category };
        await rules.Given().When(nested).ThenRefused(ChatRefusals.CategoryInCategory);
        await rules.Given().When(Moved(_category, _category)).ThenRefused(ChatRefusals.CategoryInCategory);
        var beside = Moved(_chat.General, _category, elsewhere.ChannelId);
        await rules.Given().When(beside).ThenRefused(ChatRefusals.ChannelElsewhere);
        await rules.Given(Deleted(_category)).When(InCategory).ThenRefused("category_unknown");
    }

    [Fact]
    public Task A_category_takes_no_messages() =>
        rules
            .Given(_chat.Given(Category))
            .When(_chat.Sent with { ChannelId = _category })
            .ThenRefused(ChatRefusals.NoMessagesHere);

    [Fact]
    public async Task A_private_channel_is_hidden_from_its_first_event_on()
    {
        await rules
            .Given(_chat.Given(_chat.Channel(_channel) with { Private = true }))
            .When(_chat.Sent with { ChannelId = _channel })
            .ThenRefused("permission_missing");
        var created = Assert.IsType<ChannelCreated>(Assert.Single(rules.StreamOf(_channel)));
        Assert.True(created.Private);
    }

    [Fact]
    public async Task Who_makes_a_private_channel_sees_it()
    {
        var role = Guid.CreateVersion7();
        await rules
            .Given(
                _chat.Given(
                    new CreateRole(
                        _chat.Community,
                        role,
                        _chat.Owner,
                        "builders",
                        0,
                        Permission.ManageChannels,
                        false,
                        false
                    ),
                    new GiveRole(_chat.Community, _chat.Member, role, _chat.Owner),
                    _chat.Channel(_channel) with
                    {
                        MemberId = _chat.Member,
                        Private = true,
                    }
                )
            )
            .When(new SendMessage(_chat.Message, _channel, _chat.Member, "mine", null))
            .ThenEvents();
    }

    [Fact]
    public async Task A_channel_gets_the_overwrites_of_its_category()
    {
        var (role, shown) = (Guid.CreateVersion7(), Permission.ViewChannel | Permission.SendMessages);
        await rules
            .Given(
                _chat.Given(
                    Category,
                    new CreateRole(_chat.Community, role, _chat.Owner, "guides", 0, 0, false, false),
                    Set(OverwriteTarget.Role, _chat.Community, 0, shown),
                    Set(OverwriteTarget.Role, role, shown, 0),
                    Set(OverwriteTarget.Member, _chat.Member, Permission.AddReactions, 0)
                )
            )
            .When(InCategory)
            .ThenEvents();
        var overwrites = rules.StreamOf(_channel).OfType<OverwriteSet>().ToDictionary(set => set.TargetId);
        Assert.Equal(shown, overwrites[_chat.Community].Deny);
        Assert.Equal((OverwriteTarget.Role, shown), (overwrites[role].Target, overwrites[role].Allow));
        Assert.Equal(OverwriteTarget.Member, overwrites[_chat.Member].Target);
        Assert.True(rules.StreamOf(_channel).OfType<ChannelCreated>().Single().Private);
    }

    private SetOverwrite Set(OverwriteTarget target, Guid id, Permission allow, Permission deny) =>
        new(_category, _chat.Owner, target, id, allow, deny);
}
