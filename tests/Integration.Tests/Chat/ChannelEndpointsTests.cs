using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Chat;

public class ChannelEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task A_channel_is_changed_and_the_list_shows_it_also_as_it_was()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var before = chat.Owner.Position;
        var change = new
        {
            name = "lounge",
            topic = "All else",
            slowModeSeconds = 30,
            nsfw = true,
        };
        await chat.Owner.PutAsync($"/api/v1/channels/{chat.Channel}", change).JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        var changed = await chat.Member.GetAsync($"/api/v1/channels/{chat.Channel}").JsonAsync();
        Assert.Equal(
            ("lounge", "All else", 30, true),
            (
                changed.GetProperty("name").GetString(),
                changed.GetProperty("topic").GetString(),
                changed.GetProperty("slowModeSeconds").GetInt32(),
                changed.GetProperty("nsfw").GetBoolean()
            )
        );
        Assert.Equal(changed.ToString(), Assert.Single(await ChannelsAsync(chat.Member, chat)).ToString());
        var then = await chat.Member.GetAsync($"/api/v1/channels/{chat.Channel}?asOf={before}").JsonAsync();
        Assert.Equal("general", then.GetProperty("name").GetString());
        var refused = await chat
            .Owner.PutAsync($"/api/v1/channels/{chat.Channel}", new { name = "", slowModeSeconds = 30_000 })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(
            ["name", "slowModeSeconds"],
            refused.GetProperty("errors").EnumerateObject().Select(field => field.Name).Order()
        );
    }

    [Fact]
    public async Task Channels_and_categories_are_ordered_by_their_ranks()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var category = await MakeAsync(chat, new { name = "Music", kind = "category" });
        var house = await MakeAsync(chat, new { name = "house", categoryId = category });
        var jazz = await MakeAsync(chat, new { name = "jazz", categoryId = category });
        Assert.Equal([chat.Channel, category], await OrderAsync(chat, null));
        Assert.Equal([house, jazz], await OrderAsync(chat, category));
        await PlaceAsync(chat, jazz, category, null);
        Assert.Equal([jazz, house], await OrderAsync(chat, category));
        await PlaceAsync(chat, jazz, null, chat.Channel);
        Assert.Equal([chat.Channel, jazz, category], await OrderAsync(chat, null));
        Assert.Equal([house], await OrderAsync(chat, category));
        await chat
            .Owner.PutAsync($"/api/v1/channels/{jazz}/place", new { categoryId = category, afterChannelId = jazz })
            .RefusedAsync(HttpStatusCode.BadRequest, "channel_elsewhere");
        await chat
            .Owner.PostAsync($"/api/v1/channels/{category}/messages", new { text = "hello" })
            .RefusedAsync(HttpStatusCode.Conflict, "no_messages_here");
    }

    [Fact]
    public async Task A_deleted_channel_is_gone_with_its_messages()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var message = await chat.SendAsync(chat.Owner, "hello");
        var before = chat.Owner.Position;
        await chat.Owner.DeleteAsync($"/api/v1/channels/{chat.Channel}").JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        Assert.Empty(await ChannelsAsync(chat.Member, chat));
        Assert.Single(await ChannelsAsync(chat.Member, chat, $"?asOf={before}"));
        foreach (
            var path in new[]
            {
                $"/api/v1/channels/{chat.Channel}",
                chat.Messages,
                $"{chat.Messages}?asOf={before}",
                $"/api/v1/messages/{message}",
            }
        )
            await chat.Member.GetAsync(path).RefusedAsync(HttpStatusCode.NotFound, "channel_unknown");
        var unread = await chat.Member.GetAsync($"/api/v1/communities/{chat.Community}/unread").JsonAsync();
        Assert.Empty(unread.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_private_channel_is_seen_by_its_maker_and_by_who_gets_an_overwrite()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var room = await MakeAsync(chat, new { name = "back-room", @private = true });
        chat.Member.SeeWhat(chat.Owner);
        Assert.Equal([chat.Channel], (await ChannelsAsync(chat.Member, chat)).Select(channel => channel.Id()));
        await chat
            .Member.GetAsync($"/api/v1/channels/{room}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        var shown = new
        {
            target = "member",
            allow = "1024",
            deny = "0",
        };
        await chat.Owner.PutAsync($"/api/v1/channels/{room}/overwrites/{chat.Member.Id}", shown).JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        Assert.Contains(room, (await ChannelsAsync(chat.Member, chat)).Select(channel => channel.Id()));
        var overwrites = await chat.Member.GetAsync($"/api/v1/channels/{room}/overwrites").JsonAsync();
        Assert.Equal(
            [(chat.Community, "1024"), (chat.Member.Id, "0")],
            overwrites
                .GetProperty("items")
                .EnumerateArray()
                .Select(o => (o.GetProperty("targetId").GetGuid(), o.GetProperty("deny").GetString()!))
        );
    }

    private static async Task<Guid> MakeAsync(ChatSetting chat, object body) =>
        (
            await chat
                .Owner.PostAsync($"/api/v1/communities/{chat.Community}/channels", body)
                .JsonAsync(HttpStatusCode.Created)
        ).Id();

    private static Task PlaceAsync(ChatSetting chat, Guid channel, Guid? categoryId, Guid? afterChannelId) =>
        chat.Owner.PutAsync($"/api/v1/channels/{channel}/place", new { categoryId, afterChannelId }).JsonAsync();

    private static async Task<List<JsonElement>> ChannelsAsync(Person by, ChatSetting chat, string query = "") =>
        [
            .. (await by.GetAsync($"/api/v1/communities/{chat.Community}/channels{query}").JsonAsync())
                .GetProperty("items")
                .EnumerateArray(),
        ];

    private static async Task<List<Guid>> OrderAsync(ChatSetting chat, Guid? category) =>
        (await ChannelsAsync(chat.Owner, chat))
            .Where(c => (c.GetProperty("categoryId").GetString() is { } id ? Guid.Parse(id) : (Guid?)null) == category)
            .OrderBy(c => c.GetProperty("rank").GetDouble())
            .Select(c => c.Id())
            .ToList();
}
