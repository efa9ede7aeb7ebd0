using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Accounts;

public class SecurityEventTests(VezaServer veza)
{
    private const string Path = "/api/v1/accounts/me/security-events";
    private const string Password = "correct horse battery";

    [Fact]
    public async Task A_person_sees_what_happened_to_their_account_newest_first()
    {
        var ada = await veza.RegisterAsync("ada");
        await veza.Nobody.PostAsync("/api/v1/sessions", new { name = ada.UserName, password = "wrong one" }).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        var phone = await veza.Nobody.PostAsync("/api/v1/sessions", new { name = ada.UserName, password = Password, device = "Ada's phone" }).JsonAsync(HttpStatusCode.Created);
        var refresh = new { refreshToken = phone.GetProperty("refreshToken").GetString() };
        await veza.Nobody.PostAsync("/api/v1/sessions/refresh", refresh).JsonAsync();
        await veza.Nobody.PostAsync("/api/v1/sessions/refresh", refresh).RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_reused");
        await ada.PutAsync("/api/v1/accounts/me/password", new { currentPassword = Password, newPassword = "staple after staple" }).JsonAsync();

        var items = await ItemsAsync(ada);
        Assert.Equal(["password_changed", "session_ended", "signed_in", "sign_in_failed", "signed_in", "account_registered"], items.Select(i => i.GetProperty("type").GetString()));
        Assert.Equal(["refresh_token_reused", "Ada's phone"], items[1..3].Select(i => i.GetProperty("detail").GetString()));
        Assert.All(items[1..3], i => Assert.Equal(phone.Id(), i.GetProperty("sessionId").GetGuid()));
        Assert.Equal(items.Select(i => i.GetProperty("position").GetInt64()).OrderDescending(), items.Select(i => i.GetProperty("position").GetInt64()));
    }

    [Fact]
    public async Task A_key_is_told_of_once_a_day_however_often_it_is_used_and_whoever_refuses_it()
    {
        var ada = await veza.RegisterAsync("ada");
        var made = await ada.PostAsync("/api/v1/api-keys", new { name = "concert bot", scopes = new[] { "accounts:read" } }).JsonAsync(HttpStatusCode.Created);
        var bot = new Person(veza, ada.Id, "", made.GetProperty("key").GetString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => bot.GetAsync("/api/v1/accounts/me")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        await bot.GetAsync(Path).RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");

        var items = await ItemsAsync(ada);
        Assert.Equal(["api_key_used", "api_key_created"], items[..2].Select(i => i.GetProperty("type").GetString()));
        Assert.All(items[..2], i => Assert.Equal(made.Id(), i.GetProperty("sessionId").GetGuid()));
        Assert.Equal("concert bot", items[1].GetProperty("detail").GetString());
        Assert.Single(items, i => i.GetProperty("type").GetString() == "api_key_used");
        Assert.DoesNotContain("eyHash", JsonSerializer.Serialize(items));
    }

    [Fact]
    public async Task It_comes_in_pages_and_is_nobody_elses()
    {
        var ada = await veza.RegisterAsync("ada");
        for (var i = 0; i < 3; i++) await veza.Nobody.PostAsync("/api/v1/sessions", new { name = ada.UserName, password = "wrong one" }).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        ada.SeeUpTo(veza.Running.Log.Head);
        var seen = new List<long>();
        string? next = Path + "?limit=2";
        for (; next is not null && seen.Count < 100; )
        {
            var page = await ada.GetAsync(next).JsonAsync();
            Assert.InRange(page.Items().Length, 1, 2);
            seen.AddRange(page.Items().Select(i => i.GetProperty("position").GetInt64()));
            next = page.GetProperty("next").GetString();
        }
        Assert.Equal(5, seen.Distinct().Count());
        Assert.Equal(5, seen.Count);
        Assert.DoesNotContain((await ItemsAsync(await veza.SharedAsync("reader"))).Select(i => i.GetProperty("position").GetInt64()), seen.Contains);
    }

    private async Task<JsonElement[]> ItemsAsync(Person person)
    {
        // Failures were written by nobody who was told a position.
        person.SeeUpTo(veza.Running.Log.Head);
        return (await person.GetAsync(Path).JsonAsync()).Items();
    }
}
