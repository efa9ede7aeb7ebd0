using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Accounts;

public class SessionEndpointsTests(VezaServer veza)
{
    private const string Password = "a very good one";
    private readonly string _name = $"ada_{Guid.CreateVersion7().ToString("N")[20..]}";

    private object Registration => new { userName = _name.ToUpperInvariant(), email = $"{_name}@example.org", password = Password };

    [Fact]
    public async Task Registering_signs_in_and_the_account_is_shown_to_its_owner_alone()
    {
        var registered = await veza.Nobody.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        Assert.Equal(900, registered.GetProperty("expiresIn").GetInt32());
        var ada = As(registered);
        var after = ("Veza-After", registered.GetProperty("position").ToString());
        var me = await ada.GetAsync("/api/v1/accounts/me", after).JsonAsync();
        Assert.Equal((registered.Id(), _name, $"{_name}@example.org"), (me.Id(), me.GetProperty("userName").GetString(), me.GetProperty("email").GetString()));
        var shown = await (await veza.SharedAsync("reader")).GetAsync($"/api/v1/accounts/{registered.Id()}", after).JsonAsync();
        Assert.Equal(_name, shown.GetProperty("userName").GetString());
        Assert.False(shown.TryGetProperty("email", out _) || shown.TryGetProperty("roles", out _));
    }

    [Fact]
    public async Task A_registration_that_is_not_right_is_refused_by_its_fields()
    {
        var problem = await veza.Nobody.PostAsync("/api/v1/accounts", new { userName = "a!", email = "x", password = Password }).RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(["userName", "email"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        problem = await veza.Nobody.PostAsync("/api/v1/accounts", new { userName = _name, email = $"{_name}@example.org", password = "password123" })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(["password"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Either_name_signs_in_and_nothing_tells_a_wrong_name_from_a_wrong_password()
    {
        await veza.Nobody.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        foreach (var name in new[] { _name, _name.ToUpperInvariant(), $"{_name}@EXAMPLE.org" })
            await SignInAsync(name);
        var unknown = await veza.Nobody.PostAsync("/api/v1/sessions", new { name = _name + "_", password = Password }).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        var wrong = await veza.Nobody.PostAsync("/api/v1/sessions", new { name = _name, password = Password + "!" }).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        Assert.Equal(unknown.GetProperty("detail").GetString(), wrong.GetProperty("detail").GetString());
        await veza.Nobody.PostAsync("/api/v1/sessions", new { }).RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
    }

    [Fact]
    public async Task A_refresh_token_used_twice_ends_its_session_and_no_other()
    {
        await veza.Nobody.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        var (stolen, other) = (await SignInAsync(_name), await SignInAsync(_name));
        var refreshed = await RefreshAsync(stolen).JsonAsync();
        await As(refreshed).GetAsync("/api/v1/accounts/me").JsonAsync();
        await RefreshAsync(stolen).RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_reused");
        await RefreshAsync(refreshed).RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
        foreach (var token in new[] { stolen, refreshed }) await As(token).GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await As(other).GetAsync("/api/v1/accounts/me").JsonAsync();
        await veza.Nobody.PostAsync("/api/v1/sessions/refresh", new { refreshToken = "AAAA" }).RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_invalid");
    }

    [Fact]
    public async Task Signing_out_ends_the_access_token_at_once()
    {
        var ada = As(await veza.Nobody.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created));
        await ada.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await ada.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task The_same_sign_in_again_gets_the_same_session_until_its_tokens_are_used_up()
    {
        await veza.Nobody.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        var key = ("Idempotency-Key", _name);
        var first = await SignInAsync(_name, key);
        var again = await SignInAsync(_name, key);
        Assert.Equal((first.Id(), first.GetProperty("refreshToken").GetString()), (again.Id(), again.GetProperty("refreshToken").GetString()));
        await veza.Nobody.PostAsync("/api/v1/sessions", new { name = _name.ToUpperInvariant(), password = Password }, key)
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await RefreshAsync(first).JsonAsync();
        await veza.Nobody.PostAsync("/api/v1/sessions", new { name = _name, password = Password }, key).RefusedAsync(HttpStatusCode.Unauthorized, "answer_used_up");
        await As(first).DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await veza.Nobody.PostAsync("/api/v1/sessions", new { name = _name, password = Password }, key).RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
    }

    [Fact]
    public async Task Without_a_good_token_nobody_is_let_in()
    {
        await veza.Nobody.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await new Person(veza, Guid.Empty, "", "not.a.token").GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await (await veza.SharedAsync("reader")).GetAsync("/api/v1/log").RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
    }

    private Person As(JsonElement session) => new(veza, Guid.Empty, _name, session.GetProperty("accessToken").GetString());

    private Task<JsonElement> SignInAsync(string name, params (string, string)[] headers) =>
        veza.Nobody.PostAsync("/api/v1/sessions", new { name, password = Password }, headers).JsonAsync(HttpStatusCode.Created);

    private Task<HttpResponseMessage> RefreshAsync(JsonElement session) =>
        veza.Nobody.PostAsync("/api/v1/sessions/refresh", new { refreshToken = session.GetProperty("refreshToken").GetString() });
}
