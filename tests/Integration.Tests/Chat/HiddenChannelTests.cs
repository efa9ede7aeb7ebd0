using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Chat;

/// <summary>Who may not see a channel, or not read its history, over REST.</summary>
public class HiddenChannelTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const long ViewChannel = 1 << 10;
    private const long ReadMessageHistory = 1 << 16;

    [Fact]
    public async Task A_hidden_channel_is_in_no_list_and_no_count_and_nothing_of_it_is_read()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var message = await chat.SendAsync(chat.Owner, "for the few");
        await chat.Owner.PutAsync($"/api/v1/messages/{message}/reactions/👍").JsonAsync();
        await DenyAsync(chat, ViewChannel);
        var channels = $"/api/v1/communities/{chat.Community}/channels";
        Assert.Empty(await ItemsAsync(chat.Member, channels));
        Assert.Empty(await ItemsAsync(chat.Member, $"{channels}?asOf={chat.Owner.Position}"));
        Assert.Empty(await ItemsAsync(chat.Member, $"/api/v1/communities/{chat.Community}/unread"));
        Assert.Equal(0, await UnreadAsync(chat));
        foreach (
            var path in new[]
            {
                chat.Messages,
                $"{chat.Messages}?asOf={chat.Owner.Position}",
                $"/api/v1/messages/{message}",
                $"/api/v1/messages/{message}/edits",
                $"/api/v1/messages/{message}/reactions/👍/events",
                $"/api/v1/channels/{chat.Channel}/overwrites",
            }
        )
            await chat.Member.GetAsync(path).RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        Assert.Single(await ItemsAsync(chat.Owner, channels));

        await DenyAsync(chat, 0);
        Assert.Single(await ItemsAsync(chat.Member, channels));
        Assert.Equal(1, await UnreadAsync(chat));
        Assert.Single(await ItemsAsync(chat.Member, chat.Messages));
    }

    [Fact]
    public async Task In_a_community_that_hides_its_channels_a_role_shows_one()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var roles = $"/api/v1/communities/{chat.Community}/roles";
        var second = (
            await chat
                .Owner.PostAsync($"/api/v1/communities/{chat.Community}/channels", new { name = "second" })
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        await chat
            .Owner.PutAsync($"{roles}/{chat.Community}", new { name = "everyone", permissions = "0" })
            .JsonAsync();
        var guides = (
            await chat
                .Owner.PostAsync(roles, new { name = "guides", permissions = "0" })
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        await chat
            .Owner.PutAsync(
                $"/api/v1/channels/{second}/overwrites/{guides}",
                new
                {
                    target = "role",
                    allow = $"{ViewChannel}",
                    deny = "0",
                }
            )
            .JsonAsync();
        await chat
            .Owner.PostAsync($"/api/v1/channels/{second}/messages", new { text = "hello" })
            .JsonAsync(HttpStatusCode.Created);
        chat.Member.SeeWhat(chat.Owner);
        Assert.Equal(0, await UnreadAsync(chat));
        await chat
            .Owner.PutAsync($"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/roles/{guides}")
            .JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        var seen = await ItemsAsync(chat.Member, $"/api/v1/communities/{chat.Community}/channels");
        Assert.Equal([second], seen.Select(channel => channel.Id()));
        Assert.Equal(1, await UnreadAsync(chat));
    }

    [Fact]
    public async Task Without_the_permission_to_read_the_history_a_channel_is_listed_and_its_messages_are_not_read()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await DenyAsync(chat, ReadMessageHistory);
        Assert.Single(await ItemsAsync(chat.Member, $"/api/v1/communities/{chat.Community}/channels"));
        var message = await chat.SendAsync(chat.Member, "hello");
        using var answer = await chat.Member.GetAsync(chat.Messages);
        Assert.Empty((await answer.JsonAsync(HttpStatusCode.OK)).GetProperty("items").EnumerateArray());
        Assert.True(answer.Headers.Contains("Veza-Complete"));
        var refused = await chat
            .Member.GetAsync($"/api/v1/messages/{message}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        Assert.Contains("ReadMessageHistory", refused.GetProperty("detail").GetString());
    }

    private static async Task DenyAsync(ChatSetting chat, long deny)
    {
        await chat
            .Owner.PutAsync(
                $"/api/v1/channels/{chat.Channel}/overwrites/{chat.Community}",
                new
                {
                    target = "role",
                    allow = "0",
                    deny = $"{deny}",
                }
            )
            .JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
    }

    private static async Task<int> UnreadAsync(ChatSetting chat)
    {
        var joined = new List<JsonElement>();
        for (var path = "/api/v1/communities?limit=50"; path is not null; )
        {
            var page = await chat.Member.GetAsync(path).JsonAsync();
            joined.AddRange(page.GetProperty("items").EnumerateArray());
            path = page.GetProperty("next").GetString();
        }
        return joined.Single(community => community.Id() == chat.Community).GetProperty("unread").GetInt32();
    }

    private static async Task<List<JsonElement>> ItemsAsync(Person person, string path) =>
        [.. (await person.GetAsync(path).JsonAsync()).GetProperty("items").EnumerateArray()];
}
