using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Chat;

public class RoleEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const long SendMessages = 1 << 11;
    private const long ManageMessages = 1 << 13;
    private const long ReadMessageHistory = 1 << 16;

    [Fact]
    public async Task A_role_is_made_changed_moved_and_deleted_and_the_list_shows_it()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var roles = $"/api/v1/communities/{chat.Community}/roles";
        var everyone = Assert.Single(await ItemsAsync(chat.Owner, roles));
        Assert.Equal(chat.Community, everyone.Id());
        Assert.Equal("everyone", everyone.GetProperty("name").GetString());

        var crew = await MakeAsync(chat, "crew", ManageMessages);
        var guests = await MakeAsync(chat, "guests", 0);
        Assert.Equal([crew, guests, chat.Community], await OrderAsync(chat));
        await chat.Owner.PutAsync($"{roles}/{guests}/place", new { aboveRoleId = crew }).JsonAsync();
        Assert.Equal([guests, crew, chat.Community], await OrderAsync(chat));

        var changed = new
        {
            name = "regulars",
            colour = 0xFF8800,
            permissions = "64",
            hoisted = true,
            mentionable = true,
        };
        await chat.Owner.PutAsync($"{roles}/{guests}", changed).JsonAsync();
        var first = (await ItemsAsync(chat.Owner, roles))[0];
        Assert.Equal(
            ("regulars", 0xFF8800, "64", true, true),
            (
                first.GetProperty("name").GetString(),
                first.GetProperty("colour").GetInt32(),
                first.GetProperty("permissions").GetString(),
                first.GetProperty("hoisted").GetBoolean(),
                first.GetProperty("mentionable").GetBoolean()
            )
        );
        var before = chat.Owner.Position;
        await chat.Owner.DeleteAsync($"{roles}/{guests}").JsonAsync();
        Assert.Equal([crew, chat.Community], await OrderAsync(chat));
        var then = await ItemsAsync(chat.Owner, $"{roles}?asOf={before}");
        Assert.Equal([guests, crew, chat.Community], then.Select(role => role.Id()));
    }

    [Fact]
    public async Task A_member_with_a_role_is_listed_with_it_and_does_what_it_grants()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var crew = await MakeAsync(chat, "crew", ManageMessages);
        var message = await chat.SendAsync(chat.Owner, "hello");
        chat.Member.SeeWhat(chat.Owner);
        await chat
            .Member.DeleteAsync($"/api/v1/messages/{message}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");

        var given = $"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/roles/{crew}";
        await chat.Owner.PutAsync(given).JsonAsync();
        Assert.Equal([crew], await RolesOfMemberAsync(chat));
        await chat.Member.DeleteAsync($"/api/v1/messages/{message}").JsonAsync();

        await chat.Owner.DeleteAsync(given).JsonAsync();
        Assert.Empty(await RolesOfMemberAsync(chat));
        await chat.Owner.PutAsync(given).JsonAsync();
        await chat.Member.DeleteAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        await chat.Member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        chat.Owner.SeeWhat(chat.Member);
        Assert.Empty(await RolesOfMemberAsync(chat));
    }

    [Fact]
    public async Task An_overwrite_is_listed_obeyed_and_removed()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var overwrites = $"/api/v1/channels/{chat.Channel}/overwrites";
        var silence = new
        {
            target = "role",
            allow = "0",
            deny = $"{SendMessages}",
        };
        await chat.Owner.PutAsync($"{overwrites}/{chat.Community}", silence).JsonAsync();
        chat.Member.SeeWhat(chat.Owner);
        await chat
            .Member.PostAsync(chat.Messages, new { text = "hello" })
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        var set = Assert.Single(await ItemsAsync(chat.Member, overwrites));
        Assert.Equal(
            (chat.Community, "role", "0", $"{SendMessages}"),
            (
                set.GetProperty("targetId").GetGuid(),
                set.GetProperty("target").GetString(),
                set.GetProperty("allow").GetString(),
                set.GetProperty("deny").GetString()
            )
        );
        await chat.Owner.DeleteAsync($"{overwrites}/{chat.Community}").JsonAsync();
        Assert.Empty(await ItemsAsync(chat.Owner, overwrites));
        await chat.SendAsync(chat.Member, "hello");
    }

    [Fact]
    public async Task What_a_member_may_do_is_answered_with_the_events_that_decide_it_also_as_of_then()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var before = chat.Member.Position;
        var crew = await MakeAsync(chat, "crew", ManageMessages);
        var made = chat.Owner.Position;
        await chat
            .Owner.PutAsync($"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/roles/{crew}")
            .JsonAsync();
        var given = chat.Owner.Position;
        var silence = new
        {
            target = "role",
            allow = "0",
            deny = $"{SendMessages}",
        };
        await chat.Owner.PutAsync($"/api/v1/channels/{chat.Channel}/overwrites/{chat.Community}", silence).JsonAsync();
        var denied = chat.Owner.Position;
        chat.Member.SeeWhat(chat.Owner);

        var permissions = $"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/permissions";
        var found = await chat.Member.GetAsync($"{permissions}?channel={chat.Channel}").JsonAsync();
        var has = long.Parse(found.GetProperty("permissions").GetString()!, provider: null);
        Assert.Equal(ManageMessages, has & (ManageMessages | SendMessages));
        Assert.Contains("ManageMessages", found.GetProperty("names").EnumerateArray().Select(n => n.GetString()));
        var steps = found.GetProperty("steps").EnumerateArray().ToDictionary(s => s.GetProperty("rule").GetString()!);
        Assert.Equal(["everyoneRole", "role", "everyoneOverwrite", "withoutSendMessages"], steps.Keys);
        Assert.Equal("crew", steps["role"].GetProperty("roleName").GetString());
        Assert.Equal([made, given], Positions(steps["role"]));
        Assert.Equal([denied], Positions(steps["everyoneOverwrite"]));

        var then = await chat.Member.GetAsync($"{permissions}?channel={chat.Channel}&asOf={before}").JsonAsync();
        Assert.Equal(
            "everyoneRole",
            Assert.Single(then.GetProperty("steps").EnumerateArray()).GetProperty("rule").GetString()
        );
        Assert.NotEqual(
            0,
            long.Parse(then.GetProperty("permissions").GetString()!, provider: null) & ReadMessageHistory
        );
        Assert.NotEqual(0, long.Parse(then.GetProperty("permissions").GetString()!, provider: null) & SendMessages);
    }

    [Fact]
    public async Task Only_who_manages_roles_asks_what_others_may_do()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat
            .Member.GetAsync($"/api/v1/communities/{chat.Community}/members/{chat.Owner.Id}/permissions")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        var owner = await chat
            .Owner.GetAsync($"/api/v1/communities/{chat.Community}/members/{chat.Owner.Id}/permissions")
            .JsonAsync();
        Assert.Equal(
            "owner",
            Assert.Single(owner.GetProperty("steps").EnumerateArray()).GetProperty("rule").GetString()
        );
        await chat
            .Owner.GetAsync(
                $"/api/v1/communities/{chat.Community}/members/{chat.Member.Id}/permissions"
                    + $"?channel={Guid.CreateVersion7()}"
            )
            .RefusedAsync(HttpStatusCode.NotFound, "channel_unknown");
    }

    [Fact]
    public async Task Permissions_that_are_no_number_are_refused_by_their_field()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat
            .Owner.PostAsync(
                $"/api/v1/communities/{chat.Community}/roles",
                new { name = "crew", permissions = "all of them" }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
    }

    [Fact]
    public async Task Strangers_see_neither_roles_nor_overwrites()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        chat.Stranger.SeeWhat(chat.Owner);
        await chat
            .Stranger.GetAsync($"/api/v1/communities/{chat.Community}/roles")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat
            .Stranger.GetAsync($"/api/v1/channels/{chat.Channel}/overwrites")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
    }

    private static async Task<Guid> MakeAsync(ChatSetting chat, string name, long permissions) =>
        (
            await chat
                .Owner.PostAsync(
                    $"/api/v1/communities/{chat.Community}/roles",
                    new { name, permissions = $"{permissions}" }
                )
                .JsonAsync(HttpStatusCode.Created)
        ).Id();

    private static async Task<List<JsonElement>> ItemsAsync(Person person, string path) =>
        [.. (await person.GetAsync(path).JsonAsync()).GetProperty("items").EnumerateArray()];

    private static async Task<List<Guid>> OrderAsync(ChatSetting chat) =>
        (await ItemsAsync(chat.Owner, $"/api/v1/communities/{chat.Community}/roles")).ConvertAll(role => role.Id());

    private static async Task<List<Guid>> RolesOfMemberAsync(ChatSetting chat) =>
        (await ItemsAsync(chat.Owner, $"/api/v1/communities/{chat.Community}/members"))
            .Single(member => member.GetProperty("account").Id() == chat.Member.Id)
            .GetProperty("roleIds")
            .EnumerateArray()
            .Select(id => id.GetGuid())
            .ToList();

    private static List<long> Positions(JsonElement step) =>
        [.. step.GetProperty("positions").EnumerateArray().Select(position => position.GetInt64())];
}
