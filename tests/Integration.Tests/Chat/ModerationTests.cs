using System.Net;

namespace Veza.Integration.Tests.Chat;

public class ModerationTests(VezaEndpoints veza, VezaServer server) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task A_banned_member_sees_nothing_until_the_ban_is_lifted()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var ban = $"/api/v1/communities/{chat.Community}/bans/{chat.Member.Id}";
        await chat.Owner.PutAsync(ban, new { reason = "spam" }).JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        await chat.Member.GetAsync(chat.Messages).RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat
            .Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me")
            .RefusedAsync(HttpStatusCode.Forbidden, "banned");

        var sanction = Assert.Single(await SanctionsAsync(chat));
        Assert.Equal(
            (chat.Member.Id, "ban", "spam"),
            (
                sanction.GetProperty("account").Id(),
                sanction.GetProperty("kind").GetString(),
                sanction.GetProperty("reason").GetString()
            )
        );
        await chat
            .Member.GetAsync($"/api/v1/communities/{chat.Community}/sanctions")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");

        await chat.Owner.DeleteAsync(ban).JsonAsync();
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        Assert.Empty(await SanctionsAsync(chat));
    }

    [Fact]
    public async Task A_timed_out_member_reads_and_sees_until_when()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var timeOut = $"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/timeout";
        await chat.Owner.PutAsync(timeOut, new { until = TimeProvider.System.GetUtcNow().AddMinutes(10) }).JsonAsync();
        await chat.Member.GetAsync(chat.Messages).JsonAsync();
        var refused = await chat.Member.PostAsync(chat.Messages, new { text = "hello" });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(9), TimeSpan.FromMinutes(10));
        Assert.Equal("timeOut", Assert.Single(await SanctionsAsync(chat)).GetProperty("kind").GetString());

        await chat.Owner.DeleteAsync(timeOut).JsonAsync();
        await chat.SendAsync(chat.Member, "hello");
        await chat
            .Owner.PutAsync(timeOut, new { until = TimeProvider.System.GetUtcNow().AddDays(29) })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task A_kicked_member_is_out_and_may_come_back()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat
            .Member.DeleteAsync($"/api/v1/communities/{chat.Community}/members/{chat.Owner.Id}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat
            .Owner.DeleteAsync($"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}?reason=spam")
            .JsonAsync();
        await chat
            .Member.PostAsync(chat.Messages, new { text = "hello" })
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        await chat.SendAsync(chat.Member, "hello again");
    }

    [Fact]
    public async Task A_ban_takes_recent_messages_with_it_as_any_deletion_does()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var eve = await server.RegisterAsync("eve");
        await eve.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        var (spam, more) = (await chat.SendAsync(eve, "buy watches"), await chat.SendAsync(eve, "buy more watches"));
        await chat.SendAsync(chat.Member, "hello");
        var before = chat.Member.Position;
        using var events = await Live.EventSource.OpenAsync(
            chat.Member,
            $"/api/v1/live?topics=channel:{chat.Channel}&after={before}"
        );

        var ban = $"/api/v1/communities/{chat.Community}/bans/{eve.Id}";
        await chat.Owner.PutAsync(ban, new { deleteMessagesHours = 1 }).JsonAsync();
        var deleted = new List<(string?, Guid, Guid)>();
        while (deleted.Count < 2)
        {
            var (kind, batch) = await events.NextAsync();
            Assert.Equal("batch", kind);
            deleted.AddRange(
                batch
                    .Items()
                    .Select(i =>
                        (
                            i.GetProperty("type").GetString(),
                            i.GetProperty("data").GetProperty("messageId").GetGuid(),
                            i.GetProperty("data").GetProperty("byMemberId").GetGuid()
                        )
                    )
            );
        }
        Assert.Equal(
            new[] { spam, more }.Order().Select(m => ((string?)"messageDeleted", m, chat.Owner.Id)),
            deleted.OrderBy(d => d.Item2)
        );

        chat.Owner.SeeUpTo(server.Running.Log.Head);
        Assert.Equal(["hello"], await TextsAsync(chat, chat.Messages));
        var then = await chat.Owner.GetAsync($"{chat.Messages}?asOf={before}").JsonAsync();
        Assert.Equal([more, spam], then.Items()[1..].Select(m => m.Id()));
        await chat.Owner.GetAsync($"/api/v1/messages/{spam}").RefusedAsync(HttpStatusCode.NotFound, "message_unknown");

        await chat.Owner.DeleteAsync(ban).JsonAsync();
        await eve.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        Assert.Equal(["hello"], await TextsAsync(chat, chat.Messages));
    }

    [Theory]
    [InlineData("-1", "deleteMessagesHours is -1; 0 to 168 are allowed")]
    [InlineData("169", "deleteMessagesHours is 169; 0 to 168 are allowed")]
    [InlineData("1.5", "deleteMessagesHours is not of the expected form")]
    [InlineData("99999999999", "deleteMessagesHours is not of the expected form")]
    public async Task How_far_back_it_goes_is_bounded(string hours, string detail)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Put.RawJson($$"""{"deleteMessagesHours":{{hours}}}""")
                .ToUrl($"/api/v1/communities/{chat.Community}/bans/{chat.Member.Id}");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", "deleteMessagesHours", detail);
        });
        Assert.Empty(await SanctionsAsync(chat));
    }

    private static async Task<string[]> TextsAsync(ChatSetting chat, string path) =>
        [.. (await chat.Owner.GetAsync(path).JsonAsync()).Items().Select(m => m.GetProperty("text").GetString()!)];

    private static async Task<System.Text.Json.JsonElement[]> SanctionsAsync(ChatSetting chat) =>
        [.. (await chat.Owner.GetAsync($"/api/v1/communities/{chat.Community}/sanctions").JsonAsync()).Items()];
}
