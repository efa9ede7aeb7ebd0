using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Accounts;

public class ApiKeyTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Path = "/api/v1/api-keys";

    [Fact]
    public async Task A_key_acts_for_its_account_within_its_scopes_until_it_is_revoked()
    {
        var ada = await veza.RegisterAsync("ada");
        var made = await CreateAsync(ada, "accounts:read", "communities:write").JsonAsync(HttpStatusCode.Created);
        var bot = As(made);
        await bot.PostAsync("/api/v1/communities", new { name = "Diggers" }).JsonAsync(HttpStatusCode.Created);
        Assert.Equal(ada.Id, (await bot.GetAsync("/api/v1/accounts/me").JsonAsync()).Id());
        var problem = await bot.GetAsync("/api/v1/charts/top").RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
        Assert.Contains("charts:read", problem.GetProperty("detail").GetString());
        foreach (var path in new[] { "/api/v1/sessions", Path, "/api/v1/log", "/hubs/live" })
            await bot.GetAsync(path).RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
        await bot.PostAsync("/hubs/live/negotiate?negotiateVersion=1")
            .RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");

        var listed = Assert.Single((await ada.GetAsync(Path).JsonAsync()).Items());
        Assert.Equal((made.Id(), "bot"), (listed.Id(), listed.GetProperty("name").GetString()));
        Assert.DoesNotContain("veza_key_", listed.GetRawText());
        await (await veza.SharedAsync("reader"))
            .DeleteAsync($"{Path}/{made.Id()}")
            .RefusedAsync(HttpStatusCode.NotFound, "session_unknown");
        await ada.DeleteAsync($"{Path}/{made.Id()}").JsonAsync();
        await bot.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Empty((await ada.GetAsync(Path).JsonAsync()).Items());
    }

    [Fact]
    public async Task A_key_is_on_the_hub_what_it_is_on_rest()
    {
        var ada = await veza.RegisterAsync("ada");
        var bot = As(await CreateAsync(ada, "live:read").JsonAsync(HttpStatusCode.Created));
        await bot.PostAsync("/hubs/live/negotiate?negotiateVersion=1").JsonAsync();
    }

    [Fact]
    public async Task A_key_reads_the_log_only_as_long_as_its_account_may()
    {
        var bot = As(await CreateAsync(await veza.RegisterAsync("ada"), "log:read").JsonAsync(HttpStatusCode.Created));
        await bot.GetAsync("/api/v1/log?limit=1").RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
        var analyst = As(await CreateAsync(await veza.OperatorAsync(), "log:read").JsonAsync(HttpStatusCode.Created));
        Assert.Equal(HttpStatusCode.OK, (await analyst.GetAsync("/api/v1/log?limit=1")).StatusCode);
    }

    [Fact]
    public async Task A_key_needs_a_name_known_scopes_and_an_end()
    {
        var ada = await veza.RegisterAsync("ada");
        object[] wrong =
        [
            new { name = "bot", scopes = new[] { "sessions:write" } },
            new { name = "bot", scopes = Array.Empty<string>() },
            new { name = "", scopes = new[] { "live:read" } },
            new
            {
                name = "bot",
                scopes = new[] { "live:read" },
                days = 366,
            },
        ];
        foreach (var body in wrong)
        {
            await veza.Scenario(ada, _ =>
            {
                _.Post.Json(body).ToUrl(Path);
                _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid");
            });
        }
    }

    [Fact]
    public async Task A_key_is_no_refresh_token_and_no_altered_key_is_one()
    {
        var made = await CreateAsync(await veza.RegisterAsync("ada"), "accounts:read")
            .JsonAsync(HttpStatusCode.Created);
        var key = made.GetProperty("key").GetString()!;
        await veza
            .Anonymous.PostAsync("/api/v1/sessions/refresh", new { refreshToken = key["veza_key_".Length..] })
            .RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_invalid");
        await As(key[..^1] + (key[^1] == 'A' ? 'B' : 'A'))
            .GetAsync("/api/v1/accounts/me")
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await As("veza_key_")
            .GetAsync("/api/v1/accounts/me")
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task One_key_too_many_is_refused_until_another_is_revoked()
    {
        var ada = await veza.RegisterAsync("ada");
        var first = await CreateAsync(ada, "live:read").JsonAsync(HttpStatusCode.Created);
        for (var i = 1; i < Domain.Accounts.Account.ApiKeysMax; i++)
            await CreateAsync(ada, "live:read").JsonAsync(HttpStatusCode.Created);
        await CreateAsync(ada, "live:read").RefusedAsync(HttpStatusCode.Conflict, "too_many_api_keys");
        await ada.DeleteAsync($"{Path}/{first.Id()}").JsonAsync();
        await CreateAsync(ada, "live:read").JsonAsync(HttpStatusCode.Created);
    }

    private static Task<HttpResponseMessage> CreateAsync(Person owner, params string[] scopes) =>
        owner.PostAsync(Path, new { name = "bot", scopes });

    private Person As(JsonElement made) => As(made.GetProperty("key").GetString()!);

    private Person As(string key) => new(veza, Guid.Empty, "", key);
}
