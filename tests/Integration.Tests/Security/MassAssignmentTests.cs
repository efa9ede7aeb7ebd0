using System.Net;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Music.Tracks;

namespace Veza.Integration.Tests.Security;

/// <summary>An endpoint ignores fields that it does not take, under any name.</summary>
public class MassAssignmentTests(VezaEndpoints veza, VezaServer server) : IClassFixture<VezaEndpoints>
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Registering_grants_no_role_and_takes_no_other_identity()
    {
        var victim = await veza.SharedAsync("owner");
        var name = $"eve_{Guid.CreateVersion7().ToString("N")[20..]}";
        var made = await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = name,
                    email = $"{name}@example.org",
                    password = Password,
                    id = victim.Id,
                    accountId = victim.Id,
                    role = "operator",
                    roles = new[] { "operator", "analyst" },
                    isOperator = true,
                    passwordHash = "x",
                    signIn = new { sessionId = victim.Id, refreshTokenHash = "x" },
                    sessionId = victim.Id,
                    scope = "log:read",
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        Assert.NotEqual(victim.Id, made.Id());
        var eve = new Person(veza, made.Id(), name, made.GetProperty("accessToken").GetString());
        eve.SeeUpTo(veza.Running.Log.Head);
        Assert.Equal(
            ["user"],
            (await eve.GetAsync("/api/v1/accounts/me").JsonAsync())
                .GetProperty("roles")
                .EnumerateArray()
                .Select(r => r.GetString())
        );
        await eve.GetAsync("/api/v1/log?limit=1").RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
    }

    [Fact]
    public async Task Signing_in_grants_no_extra_role_and_no_longer_session()
    {
        var eve = await veza.RegisterAsync("eve");
        var session = await veza
            .Anonymous.PostAsync(
                "/api/v1/sessions",
                new
                {
                    name = eve.UserName,
                    password = Password,
                    accountId = (await veza.SharedAsync("owner")).Id,
                    roles = new[] { "operator" },
                    expiresIn = 1_000_000,
                    scopes = new[] { "log:read" },
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        Assert.Equal(eve.Id, session.GetProperty("accountId").GetGuid());
        Assert.Equal(900, session.GetProperty("expiresIn").GetInt32());
        await new Person(veza, eve.Id, eve.UserName, session.GetProperty("accessToken").GetString())
            .GetAsync("/api/v1/log?limit=1")
            .RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
    }

    [Fact]
    public async Task A_created_thing_belongs_to_the_caller_and_not_to_the_account_in_the_body()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var forged = new
        {
            ownerId = chat.Owner.Id,
            accountId = chat.Owner.Id,
            authorId = chat.Owner.Id,
            memberId = chat.Owner.Id,
            byMemberId = chat.Owner.Id,
        };
        var (mine, theirs) = (chat.Member.Id.ToString(), chat.Owner.Id.ToString());

        var community = await chat
            .Member.PostAsync(
                "/api/v1/communities",
                new
                {
                    name = "Forged",
                    forged.ownerId,
                    forged.memberId,
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        await chat
            .Member.PostAsync($"/api/v1/communities/{community.Id()}/channels", new { name = "mine" })
            .JsonAsync(HttpStatusCode.Created);
        Assert.Contains(
            (
                await chat.Owner.PostAsync($"/api/v1/communities/{community.Id()}/channels", new { name = "theirs" })
            ).StatusCode,
            (HttpStatusCode[])[HttpStatusCode.Forbidden, HttpStatusCode.NotFound]
        );

        var message = await chat
            .Member.PostAsync(
                chat.Messages,
                new
                {
                    text = "forged",
                    forged.authorId,
                    forged.memberId,
                    id = chat.Channel,
                    messageId = chat.Channel,
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        Assert.NotEqual(chat.Channel, message.Id());
        var listed = await chat.Member.GetAsync(chat.Messages).JsonAsync();
        var shown = Assert.Single(listed.Items(), m => m.Id() == message.Id()).GetRawText();
        Assert.Contains(mine, shown, StringComparison.Ordinal);
        Assert.DoesNotContain(theirs, shown, StringComparison.Ordinal);

        var broadcast = await chat
            .Member.PostAsync(
                "/api/v1/broadcasts",
                new
                {
                    title = "forged",
                    forged.ownerId,
                    forged.accountId,
                    key = "mine",
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        Assert.DoesNotContain("mine", broadcast.GetProperty("ingest").GetRawText(), StringComparison.Ordinal);
        await chat
            .Owner.PostAsync($"/api/v1/broadcasts/{broadcast.Id()}/stop")
            .RefusedAsync(HttpStatusCode.Forbidden, "not_the_owner");

        var key = await chat
            .Member.PostAsync(
                "/api/v1/api-keys",
                new
                {
                    name = "forged",
                    scopes = new[] { "accounts:read" },
                    forged.accountId,
                    keyHash = "x",
                    keyId = chat.Owner.Id,
                    roles = new[] { "operator" },
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        var bot = new Person(veza, Guid.Empty, "", key.GetProperty("key").GetString());
        bot.SeeWhat(chat.Member);
        Assert.Equal(chat.Member.Id, (await bot.GetAsync("/api/v1/accounts/me").JsonAsync()).Id());
    }

    [Fact]
    public async Task An_upload_names_no_owner()
    {
        using var form = Wave.Form(
            Wave.Sine(1, 8_000),
            ("title", "Forged"),
            ("ownerId", (await server.SharedAsync("owner")).Id.ToString())
        );
        var problem = await (await server.SharedAsync("member"))
            .SendAsync(HttpMethod.Post, "/api/v1/tracks", form)
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Contains(
            "there is no field \"ownerId\"",
            problem.GetProperty("detail").GetString(),
            StringComparison.Ordinal
        );
    }
}
