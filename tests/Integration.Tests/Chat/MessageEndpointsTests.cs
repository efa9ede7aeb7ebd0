using System.Net;
using System.Text.Json;
using Alba;

namespace Veza.Integration.Tests.Chat;

public class MessageEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task Sent_edited_and_reacted_messages_are_read_back()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var first = await chat.SendAsync(chat.Member, "Καλημέρα 👋🏽\n```cs\nvar x = 1;\n```");
        var reply = await chat.SendAsync(chat.Owner, "hello", replyTo: first);
        await chat.Member.PatchAsync($"/api/v1/messages/{first}", new { text = "Καλησπέρα" }).JsonAsync();
        await chat.Owner.PutAsync($"/api/v1/messages/{first}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        await chat.Member.PutAsync($"/api/v1/messages/{first}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        chat.Owner.SeeWhat(chat.Member);

        var items = (await chat.Owner.GetAsync(chat.Messages).JsonAsync()).Items();
        Assert.Equal([reply, first], items.Select(i => i.Id()));
        Assert.Equal(first, items[0].GetProperty("replyTo").GetGuid());
        Assert.Equal(
            ("Καλησπέρα", 1, chat.Member.UserName),
            (
                items[1].GetProperty("text").GetString(),
                items[1].GetProperty("edits").GetInt32(),
                items[1].GetProperty("author").GetProperty("userName").GetString()
            )
        );
        var reaction = Assert.Single(items[1].GetProperty("reactions").EnumerateArray());
        Assert.Equal(
            ("🔥", 2, true),
            (
                reaction.GetProperty("emoji").GetString(),
                reaction.GetProperty("count").GetInt32(),
                reaction.GetProperty("me").GetBoolean()
            )
        );

        var texts = (await chat.Owner.GetAsync($"/api/v1/messages/{first}/edits").JsonAsync()).Items();
        Assert.Equal(
            ["Καλημέρα 👋🏽\n```cs\nvar x = 1;\n```", "Καλησπέρα"],
            texts.Select(t => t.GetProperty("text").GetString())
        );
    }

    [Fact]
    public async Task History_is_paged_backwards_forwards_and_around()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var sent = new List<Guid>();
        for (var i = 0; i < 25; i++)
            sent.Add(await chat.SendAsync(chat.Owner, $"message {i}"));
        // The next page works although the last message of the page before was deleted.
        await chat.Owner.DeleteAsync($"/api/v1/messages/{sent[15]}").JsonAsync();
        var shown = Enumerable.Reverse(sent).Where(id => id != sent[15]).ToArray();

        Assert.Equal(shown, await WalkAsync(chat, $"{chat.Messages}?limit=7"));
        Assert.Equal(
            shown.SkipWhile(id => id != sent[14]),
            await WalkAsync(chat, $"{chat.Messages}?limit=4&before={sent[15]}")
        );
        var around = (await chat.Owner.GetAsync($"{chat.Messages}?limit=5&around={sent[10]}").JsonAsync())
            .Items()
            .Select(i => i.Id());
        Assert.Equal([sent[12], sent[11], sent[10], sent[9], sent[8]], around);
        var after = await chat.Owner.GetAsync($"{chat.Messages}?limit=3&after={sent[20]}").JsonAsync();
        Assert.Equal([sent[23], sent[22], sent[21]], after.Items().Select(i => i.Id()));
        var next = await chat.Owner.GetAsync(after.GetProperty("next").GetString()!).JsonAsync();
        Assert.Equal([sent[24]], next.Items().Select(i => i.Id()));
        Assert.Equal(JsonValueKind.Null, next.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task The_same_idempotency_key_sends_once_and_another_body_under_it_is_refused()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 10)
                .Select(_ =>
                    veza.Scenario(chat.Owner, _ =>
                        {
                            _.Post.Json(new { text = "once" }).ToUrl(chat.Messages);
                            _.IdempotencyKey(key);
                            _.StatusCodeShouldBe(HttpStatusCode.Created);
                        })
                        .JsonAsync()
                )
        );
        Assert.Single(
            answers
                .Select(a => (a.Id(), a.GetProperty("position").GetInt64(), a.GetProperty("version").GetInt64()))
                .Distinct()
        );
        Assert.Single((await chat.Owner.GetAsync(chat.Messages).JsonAsync()).Items());
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Post.Json(new { text = "twice" }).ToUrl(chat.Messages);
            _.IdempotencyKey(key);
            _.ShouldBeRefused(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        });
    }

    [Fact]
    public async Task Only_members_see_a_channel_and_only_authors_edit()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var message = await chat.SendAsync(chat.Member, "mine");
        chat.Stranger.SeeWhat(chat.Member);
        await veza.Scenario(chat.Stranger, _ =>
        {
            _.Get.Url(chat.Messages);
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
        });
        await veza.Scenario(chat.Stranger, _ =>
        {
            _.Post.Json(new { text = "let me in" }).ToUrl(chat.Messages);
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
        });
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Patch.Json(new { text = "yours?" }).ToUrl($"/api/v1/messages/{message}");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "not_the_author");
        });
        await veza.Scenario(veza.Anonymous, _ =>
        {
            _.Get.Url(chat.Messages);
            _.ShouldBeRefused(HttpStatusCode.Unauthorized, "unauthenticated");
        });
    }

    [Theory]
    [InlineData("""{"text":""}""", "text")]
    [InlineData("""{"text":"  "}""", "text")]
    [InlineData("""{}""", "text")]
    [InlineData("""{"text":7}""", "text")]
    [InlineData("""{"text":"hi","replyTo":"x"}""", "replyTo")]
    [InlineData("""{"text":"a\u0000b"}""", "text")]
    [InlineData("""{"text":"cut off""", null)]
    public async Task A_malformed_body_is_400_and_names_the_field(string body, string? field)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Post.RawJson(body).ToUrl(chat.Messages);
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", field);
        });
    }

    [Fact]
    public async Task A_message_that_is_too_long_is_refused_with_both_numbers()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Post.Json(new { text = new string('ж', 4097) }).ToUrl(chat.Messages);
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", detail: "8,194 bytes; MAX_MESSAGE_SIZE is 8,192");
        });
        await chat.SendAsync(chat.Owner, new string('ж', 4096));
    }

    [Fact]
    public async Task If_match_protects_against_overwriting_what_one_has_not_seen()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var message = $"/api/v1/messages/{await chat.SendAsync(chat.Owner, "one")}";
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Patch.Json(new { text = "two" }).ToUrl(message);
            _.IfMatch(1);
            _.StatusCodeShouldBeOk();
        });
        await veza.Scenario(chat.Owner, _ =>
        {
            _.Patch.Json(new { text = "three" }).ToUrl(message);
            _.IfMatch(1);
            _.ShouldBeRefused(HttpStatusCode.PreconditionFailed, "stale");
        });
    }

    [Fact]
    public async Task Slow_mode_makes_a_member_wait_and_says_how_long()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var slow = await chat
            .Owner.PostAsync(
                $"/api/v1/communities/{chat.Community}/channels",
                new
                {
                    name = "slow",
                    kind = "text",
                    slowModeSeconds = 600,
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        await chat
            .Member.PostAsync($"/api/v1/channels/{slow.Id()}/messages", new { text = "one" })
            .JsonAsync(HttpStatusCode.Created);
        var refused = chat.Member.PostAsync($"/api/v1/channels/{slow.Id()}/messages", new { text = "two" });
        await refused.RefusedAsync(HttpStatusCode.TooManyRequests, "slow_mode");
        Assert.InRange((await refused).Headers.RetryAfter!.Delta!.Value.TotalSeconds, 500, 600);
    }

    private static async Task<List<Guid>> WalkAsync(ChatSetting chat, string? path)
    {
        var seen = new List<Guid>();
        while (path is not null)
        {
            var page = await chat.Owner.GetAsync(path).JsonAsync();
            seen.AddRange(page.Items().Select(i => i.Id()));
            path = page.GetProperty("next").GetString();
        }
        return seen;
    }
}
