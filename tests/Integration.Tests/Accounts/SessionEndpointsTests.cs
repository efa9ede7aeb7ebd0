using System.Net;
using System.Text.Json;

namespace Veza.Integration.Tests.Accounts;

public class SessionEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Password = "a very good one";
    private readonly string _name = $"ada_{Guid.CreateVersion7().ToString("N")[20..]}";

    private object Registration =>
        new
        {
            userName = _name.ToUpperInvariant(),
            email = $"{_name}@example.org",
            password = Password,
        };

    [Fact]
    public async Task Registering_signs_in_and_the_account_is_shown_to_its_owner_alone()
    {
        var registered = await veza
            .Anonymous.PostAsync("/api/v1/accounts", Registration)
            .JsonAsync(HttpStatusCode.Created);
        Assert.Equal(900, registered.GetProperty("expiresIn").GetInt32());
        var ada = As(registered);
        var after = ("Veza-After", registered.GetProperty("position").ToString());
        var me = await ada.GetAsync("/api/v1/accounts/me", after).JsonAsync();
        Assert.Equal(
            (registered.Id(), _name, $"{_name}@example.org"),
            (me.Id(), me.GetProperty("userName").GetString(), me.GetProperty("email").GetString())
        );
        var shown = await (await veza.SharedAsync("reader"))
            .GetAsync($"/api/v1/accounts/{registered.Id()}", after)
            .JsonAsync();
        Assert.Equal(_name, shown.GetProperty("userName").GetString());
        Assert.False(shown.TryGetProperty("email", out _) || shown.TryGetProperty("roles", out _));
    }

    [Fact]
    public async Task A_registration_that_is_not_right_is_refused_by_its_fields()
    {
        var problem = await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = "a!",
                    email = "x",
                    password = Password,
                }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(["userName", "email"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        problem = await veza
            .Anonymous.PostAsync(
                "/api/v1/accounts",
                new
                {
                    userName = _name,
                    email = $"{_name}@example.org",
                    password = "password123",
                }
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        Assert.Equal(["password"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Either_name_signs_in_and_a_wrong_name_looks_like_a_wrong_password()
    {
        var registered = await veza
            .Anonymous.PostAsync("/api/v1/accounts", Registration)
            .JsonAsync(HttpStatusCode.Created);
        var mail = await new MailFolder(veza.Home).WaitAsync(registered.Id(), "Confirm your e-mail address");
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/email/prove", new { token = MailFolder.Token(mail) })
            .JsonAsync();
        foreach (var name in new[] { _name, _name.ToUpperInvariant(), $"{_name}@EXAMPLE.org" })
            await SignInAsync(name);
        var unknown = await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name + "_", password = Password })
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        var wrong = await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = Password + "!" })
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        Assert.Equal(unknown.GetProperty("detail").GetString(), wrong.GetProperty("detail").GetString());
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { })
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
    }

    [Fact]
    public async Task A_refresh_token_used_twice_ends_its_session_and_no_other()
    {
        await veza.Anonymous.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        var (stolen, other) = (await SignInAsync(_name), await SignInAsync(_name));
        var refreshed = await RefreshAsync(stolen).JsonAsync();
        await As(refreshed).GetAsync("/api/v1/accounts/me").JsonAsync();
        await RefreshAsync(stolen).RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_reused");
        await RefreshAsync(refreshed).RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
        foreach (var token in new[] { stolen, refreshed })
            await As(token)
                .GetAsync("/api/v1/accounts/me")
                .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await As(other).GetAsync("/api/v1/accounts/me").JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/sessions/refresh", new { refreshToken = "AAAA" })
            .RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_invalid");
    }

    [Fact]
    public async Task Signing_out_ends_the_access_token_at_once()
    {
        var ada = As(
            await veza.Anonymous.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created)
        );
        await ada.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await ada.GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Ones_sessions_are_listed_with_their_devices_and_ended_one_by_one_or_all_others_at_once()
    {
        await veza
            .Anonymous.PostAsync("/api/v1/accounts", Registration, ("User-Agent", "browser/1"))
            .JsonAsync(HttpStatusCode.Created);
        var phone = await veza
            .Anonymous.PostAsync(
                "/api/v1/sessions",
                new
                {
                    name = _name,
                    password = Password,
                    device = "phone",
                }
            )
            .JsonAsync(HttpStatusCode.Created);
        var (car, desk) = (await SignInAsync(_name), await SignInAsync(_name));
        var ada = As(desk);
        ada.SeeUpTo(desk.GetProperty("position").GetInt64());
        var listed = (await ada.GetAsync("/api/v1/sessions").JsonAsync()).Items();
        Assert.Equal(4, listed.Length);
        Assert.Equal(desk.Id(), listed.Single(s => s.GetProperty("current").GetBoolean()).Id());
        Assert.Contains(listed, s => s.GetProperty("device").GetString() == "browser/1");
        Assert.Equal("phone", listed.Single(s => s.Id() == phone.Id()).GetProperty("device").GetString());

        await (await veza.SharedAsync("reader"))
            .DeleteAsync($"/api/v1/sessions/{car.Id()}")
            .RefusedAsync(HttpStatusCode.NotFound, "session_unknown");
        await As(car).GetAsync("/api/v1/accounts/me").JsonAsync();
        await ada.DeleteAsync($"/api/v1/sessions/{car.Id()}").JsonAsync();
        await As(car).GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await As(phone).GetAsync("/api/v1/accounts/me").JsonAsync();
        await ada.DeleteAsync("/api/v1/sessions").JsonAsync();
        await As(phone).GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Equal([desk.Id()], (await ada.GetAsync("/api/v1/sessions").JsonAsync()).Items().Select(s => s.Id()));
    }

    [Fact]
    public async Task A_changed_password_ends_the_other_sessions_and_the_old_one_no_longer_signs_in()
    {
        await veza.Anonymous.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        var (stolen, own) = (await SignInAsync(_name), await SignInAsync(_name));
        const string next = "another good one";
        await As(own)
            .PutAsync("/api/v1/accounts/me/password", new { currentPassword = "wrong", newPassword = next })
            .RefusedAsync(HttpStatusCode.Forbidden, "password_wrong");
        await As(own)
            .PutAsync("/api/v1/accounts/me/password", new { currentPassword = Password, newPassword = "short" })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");
        await As(own)
            .PutAsync("/api/v1/accounts/me/password", new { currentPassword = Password, newPassword = next })
            .JsonAsync();
        await As(stolen).GetAsync("/api/v1/accounts/me").RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await As(own).GetAsync("/api/v1/accounts/me").JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = Password })
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = next })
            .JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_operators_token_sets_a_forgotten_password_once()
    {
        var registered = await veza
            .Anonymous.PostAsync("/api/v1/accounts", Registration)
            .JsonAsync(HttpStatusCode.Created);
        var path = $"/api/v1/accounts/{registered.Id()}/password-reset";
        await As(registered).PostAsync(path).RefusedAsync(HttpStatusCode.Forbidden, "not_allowed");
        var token = (await (await veza.OperatorAsync()).PostAsync(path).JsonAsync(HttpStatusCode.Created))
            .GetProperty("token")
            .GetString();
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "a third good one" })
            .JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "a fourth good one" })
            .RefusedAsync(HttpStatusCode.Unauthorized, "reset_token_invalid");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions/refresh", new { refreshToken = token })
            .RefusedAsync(HttpStatusCode.Unauthorized, "refresh_token_invalid");
        await As(registered)
            .GetAsync("/api/v1/accounts/me")
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = "a third good one" })
            .JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_same_sign_in_again_gets_the_same_session_until_its_tokens_are_used_up()
    {
        await veza.Anonymous.PostAsync("/api/v1/accounts", Registration).JsonAsync(HttpStatusCode.Created);
        var key = ("Idempotency-Key", _name);
        var first = await SignInAsync(_name, key);
        var again = await SignInAsync(_name, key);
        Assert.Equal(
            (first.Id(), first.GetProperty("refreshToken").GetString()),
            (again.Id(), again.GetProperty("refreshToken").GetString())
        );
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name.ToUpperInvariant(), password = Password }, key)
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        await RefreshAsync(first).JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = Password }, key)
            .RefusedAsync(HttpStatusCode.Unauthorized, "answer_used_up");
        await As(first).DeleteAsync("/api/v1/sessions/current").JsonAsync();
        await veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name = _name, password = Password }, key)
            .RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
    }

    [Fact]
    public async Task Requests_without_a_good_token_are_refused()
    {
        foreach (var caller in new[] { veza.Anonymous, new Person(veza, Guid.Empty, "", "not.a.token") })
        {
            await veza.Scenario(caller, _ =>
            {
                _.Get.Url("/api/v1/accounts/me");
                _.ShouldBeRefused(HttpStatusCode.Unauthorized, "unauthenticated");
            });
        }
        await veza.Scenario(await veza.SharedAsync("reader"), _ =>
        {
            _.Get.Url("/api/v1/log");
            _.ShouldBeRefused(HttpStatusCode.Forbidden, "scope_missing");
        });
    }

    private Person As(JsonElement session) =>
        new(veza, Guid.Empty, _name, session.GetProperty("accessToken").GetString());

    private Task<JsonElement> SignInAsync(string name, params (string, string)[] headers) =>
        veza
            .Anonymous.PostAsync("/api/v1/sessions", new { name, password = Password }, headers)
            .JsonAsync(HttpStatusCode.Created);

    private Task<HttpResponseMessage> RefreshAsync(JsonElement session) =>
        veza.Anonymous.PostAsync(
            "/api/v1/sessions/refresh",
            new { refreshToken = session.GetProperty("refreshToken").GetString() }
        );
}
