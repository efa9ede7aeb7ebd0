using System.Net;
using System.Text.Json;
using Alba;

namespace Veza.Integration.Tests.Chat;

public class CommunityEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task A_community_lists_its_members_in_the_order_they_joined_without_those_that_left()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var community = $"/api/v1/communities/{chat.Community}";
        chat.Owner.SeeWhat(chat.Member);

        var read = await veza.Scenario(chat.Owner, _ => _.Get.Url(community)).JsonAsync();
        Assert.Equal("Vinyl diggers", read.GetProperty("name").GetString());
        Assert.Equal((chat.Owner.Id, 2), (read.GetProperty("ownerId").GetGuid(), CountOf(read)));

        var first = await veza.Scenario(chat.Owner, _ => _.Get.Url($"{community}/members?limit=1")).JsonAsync();
        Assert.Equal(chat.Owner.Id, Assert.Single(first.Items()).GetProperty("account").Id());
        var next = first.GetProperty("next").GetString()!;
        var second = await veza.Scenario(chat.Owner, _ => _.Get.Url(next)).JsonAsync();
        Assert.Equal(chat.Member.Id, Assert.Single(second.Items()).GetProperty("account").Id());

        await veza.Scenario(chat.Member, _ =>
        {
            _.Delete.Url($"{community}/members/me");
            _.StatusCodeShouldBeOk();
        });
        chat.Owner.SeeWhat(chat.Member);
        Assert.Equal(1, CountOf(await veza.Scenario(chat.Owner, _ => _.Get.Url(community)).JsonAsync()));
    }

    [Fact]
    public async Task A_channel_is_created_by_permission_and_listed_with_its_values()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var channels = $"/api/v1/communities/{chat.Community}/channels";
        var asked = new
        {
            name = "slow",
            kind = "text",
            topic = "one at a time",
            slowModeSeconds = 10,
        };
        await veza.Scenario(chat.Member, _ =>
        {
            _.Post.Json(asked).ToUrl(channels);
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
        });
        var made = await veza.Scenario(chat.Owner, _ =>
            {
                _.Post.Json(asked).ToUrl(channels);
                _.StatusCodeShouldBe(HttpStatusCode.Created);
            })
            .JsonAsync();

        var listed = (await veza.Scenario(chat.Owner, _ => _.Get.Url(channels)).JsonAsync()).Items();

        Assert.Equal([chat.Channel, made.Id()], listed.Select(c => c.Id()));
        Assert.Equal(
            ("slow", "text", "one at a time", 10),
            (
                listed[1].GetProperty("name").GetString(),
                listed[1].GetProperty("kind").GetString(),
                listed[1].GetProperty("topic").GetString(),
                listed[1].GetProperty("slowModeSeconds").GetInt32()
            )
        );
    }

    [Fact]
    public async Task An_account_lists_its_communities_in_pages_with_what_is_unread_in_them()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        Assert.Empty((await ana.GetAsync("/api/v1/communities").JsonAsync()).Items());
        var (first, second) = (await CommunityAsync(bo, "Vinyl diggers"), await CommunityAsync(ana, "Modular nights"));
        await CommunityAsync(bo, "Elsewhere");
        await bo.PutAsync($"/api/v1/communities/{second.Id()}/members/me").JsonAsync();
        await ana.PutAsync($"/api/v1/communities/{first.Id()}/members/me").JsonAsync();
        var quiet = await bo.PostAsync($"/api/v1/communities/{first.Id()}/channels", new { name = "x", kind = "text" })
            .JsonAsync(HttpStatusCode.Created);
        foreach (var (by, channel) in new[] { (bo, General(first)), (bo, quiet.Id()), (ana, General(first)) })
            await by.PostAsync($"/api/v1/channels/{channel}/messages", new { text = "hello" })
                .JsonAsync(HttpStatusCode.Created);
        ana.SeeWhat(bo);

        var page = await ana.GetAsync("/api/v1/communities?limit=1").JsonAsync();
        var founded = Assert.Single(page.Items());
        Assert.Equal((second.Id(), ana.Id, 2, 0), Row(founded));
        Assert.Equal("Modular nights", founded.GetProperty("name").GetString());
        Assert.True(founded.TryGetProperty("joinedAt", out _));
        var joined = Assert.Single((await ana.GetAsync(page.GetProperty("next").GetString()!).JsonAsync()).Items());
        Assert.Equal((first.Id(), bo.Id, 2, 2), Row(joined));

        await ana.PutAsync($"/api/v1/channels/{quiet.Id()}/read", new { upTo = bo.Position }).JsonAsync();
        Assert.Equal(
            (first.Id(), bo.Id, 2, 1),
            Row((await ana.GetAsync("/api/v1/communities").JsonAsync()).Items()[1])
        );
        await ana.DeleteAsync($"/api/v1/communities/{first.Id()}/members/me").JsonAsync();
        Assert.Equal(second.Id(), Assert.Single((await ana.GetAsync("/api/v1/communities").JsonAsync()).Items()).Id());
        await ana.GetAsync("/api/v1/communities?limit=51").RefusedAsync(HttpStatusCode.BadRequest, "invalid");

        static Task<JsonElement> CommunityAsync(Person owner, string name) =>
            owner.PostAsync("/api/v1/communities", new { name }).JsonAsync(HttpStatusCode.Created);
        static Guid General(JsonElement community) => community.GetProperty("generalChannelId").GetGuid();
        static (Guid, Guid, int, int) Row(JsonElement c) =>
            (c.Id(), c.GetProperty("ownerId").GetGuid(), CountOf(c), c.GetProperty("unread").GetInt32());
    }

    [Fact]
    public async Task Its_lists_are_for_members_and_an_unknown_community_differs_from_a_closed_one()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        chat.Stranger.SeeWhat(chat.Member);
        foreach (var list in new[] { "members", "channels" })
        {
            await veza.Scenario(chat.Stranger, _ =>
            {
                _.Get.Url($"/api/v1/communities/{chat.Community}/{list}");
                _.ShouldBeRefused(HttpStatusCode.Forbidden, "permission_missing");
            });
            await veza.Scenario(chat.Stranger, _ =>
            {
                _.Get.Url($"/api/v1/communities/{Guid.CreateVersion7()}/{list}");
                _.ShouldBeRefused(HttpStatusCode.NotFound, "community_unknown");
            });
        }
        await veza.Scenario(chat.Stranger, _ =>
        {
            _.Post.Json(new { name = "" }).ToUrl("/api/v1/communities");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", "name");
        });
    }

    private static int CountOf(JsonElement community) => community.GetProperty("memberCount").GetInt32();
}
