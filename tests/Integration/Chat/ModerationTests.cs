using System.Net;

namespace Veza.Integration.Tests.Chat;

public class ModerationTests(VezaServer server)
{
    [Fact]
    public async Task Who_is_banned_sees_nothing_any_longer_until_the_ban_is_taken_back()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var ban = $"/api/v1/communities/{chat.Community}/bans/{chat.Member.Id}";
        await chat.Owner.PutAsync(ban, new { reason = "spam" }).JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        await chat.Member.GetAsync(chat.Messages).RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").RefusedAsync(HttpStatusCode.Forbidden, "banned");

        var sanction = Assert.Single(await SanctionsAsync(chat));
        Assert.Equal((chat.Member.Id, "ban", "spam"), (sanction.GetProperty("account").Id(), sanction.GetProperty("kind").GetString(), sanction.GetProperty("reason").GetString()));
        await chat.Member.GetAsync($"/api/v1/communities/{chat.Community}/sanctions").RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");

        await chat.Owner.DeleteAsync(ban).JsonAsync();
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        Assert.Empty(await SanctionsAsync(chat));
    }

    [Fact]
    public async Task Who_is_timed_out_reads_and_is_told_for_how_long()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var timeOut = $"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/timeout";
        await chat.Owner.PutAsync(timeOut, new { until = TimeProvider.System.GetUtcNow().AddMinutes(10) }).JsonAsync();
        await chat.Member.GetAsync(chat.Messages).JsonAsync();
        var refused = await chat.Member.PostAsync(chat.Messages, new { text = "hello" });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        Assert.Equal("timeOut", Assert.Single(await SanctionsAsync(chat)).GetProperty("kind").GetString());

        await chat.Owner.DeleteAsync(timeOut).JsonAsync();
        await chat.SendAsync(chat.Member, "hello");
        await chat.Owner.PutAsync(timeOut, new { until = TimeProvider.System.GetUtcNow().AddDays(29) }).RefusedAsync(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task Who_is_kicked_is_out_and_may_come_back()
    {
        var chat = await ChatSetting.CreateAsync(server);
        await chat.Member.DeleteAsync($"/api/v1/communities/{chat.Community}/members/{chat.Owner.Id}").RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat.Owner.DeleteAsync($"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}?reason=spam").JsonAsync();
        await chat.Member.PostAsync(chat.Messages, new { text = "hello" }).RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        await chat.SendAsync(chat.Member, "hello again");
    }

    private static async Task<System.Text.Json.JsonElement[]> SanctionsAsync(ChatSetting chat) =>
        [.. (await chat.Owner.GetAsync($"/api/v1/communities/{chat.Community}/sanctions").JsonAsync()).Items()];
}
