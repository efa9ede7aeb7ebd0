using System.Net;

namespace Veza.Integration.Tests.Chat;

public class ReadingTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task Messages_of_others_after_the_marker_are_unread()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat.SendAsync(chat.Owner, "one");
        var read = chat.Owner.Position;
        await chat.SendAsync(chat.Member, "mine");
        await chat.SendAsync(chat.Owner, "two");
        Assert.Equal(2, await UnreadAsync(chat));
        await chat.Member.PutAsync($"/api/v1/channels/{chat.Channel}/read", new { upTo = read }).JsonAsync();
        Assert.Equal(1, await UnreadAsync(chat));
        await chat.Member.PutAsync($"/api/v1/channels/{chat.Channel}/read", new { upTo = read - 1 }).JsonAsync();
        Assert.Equal(1, await UnreadAsync(chat));
        await chat
            .Member.PutAsync($"/api/v1/channels/{chat.Channel}/read", new { upTo = read + 1 })
            .RefusedAsync(HttpStatusCode.TooManyRequests, "read_too_fast");
    }

    [Fact]
    public async Task A_read_marker_past_the_head_or_in_a_closed_channel_is_refused()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await veza.Scenario(chat.Member, _ =>
        {
            _.Put.Json(new { upTo = long.MaxValue }).ToUrl($"/api/v1/channels/{chat.Channel}/read");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid");
        });
        await veza.Scenario(chat.Stranger, _ =>
        {
            _.Put.Json(new { upTo = 1 }).ToUrl($"/api/v1/channels/{chat.Channel}/read");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
        });
        chat.Stranger.SeeWhat(chat.Owner);
        await veza.Scenario(chat.Stranger, _ =>
        {
            _.Get.Url($"/api/v1/communities/{chat.Community}/unread");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
        });
    }

    private static async Task<int> UnreadAsync(ChatSetting chat)
    {
        chat.Member.SeeWhat(chat.Owner);
        var page = await chat.Member.GetAsync($"/api/v1/communities/{chat.Community}/unread").JsonAsync();
        return Assert.Single(page.Items()).GetProperty("unread").GetInt32();
    }
}
