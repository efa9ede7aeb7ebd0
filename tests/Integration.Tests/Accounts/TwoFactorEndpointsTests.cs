using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Auth;

namespace Veza.Integration.Tests.Accounts;

public class TwoFactorEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Password = "correct horse battery";
    private const string Path = "/api/v1/accounts/me/two-factor";

    private TwoFactors Device => veza.Running.App.Services.GetRequiredService<TwoFactors>();

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;

    [Fact]
    public async Task Two_factor_sign_in_from_its_beginning_to_its_end()
    {
        var ada = await veza.RegisterAsync("ada");
        await ada.PostAsync(Path, new { password = "wrong" }).RefusedAsync(HttpStatusCode.Forbidden, "password_wrong");
        var begun = await ada.PostAsync(Path, new { password = Password }).JsonAsync(HttpStatusCode.Created);
        var secret = Device.Secret(begun.Id());
        Assert.Equal(Totp.Base32(secret), begun.GetProperty("secret").GetString());
        Assert.Contains(begun.GetProperty("secret").GetString()!, begun.GetProperty("uri").GetString());

        // No code is needed before the confirmation.
        Assert.Equal((false, 0), await StateAsync(ada));
        await SignInAsync(ada).JsonAsync(HttpStatusCode.Created);
        await ada.PostAsync(Path + "/confirm", new { code = "000000x" })
            .RefusedAsync(HttpStatusCode.Forbidden, "code_wrong");
        var step = Now - 1;
        var recovery = (await ada.PostAsync(Path + "/confirm", new { code = Totp.Code(secret, step) }).JsonAsync())
            .GetProperty("recoveryCodes")
            .EnumerateArray()
            .Select(c => c.GetString()!)
            .ToArray();
        Assert.Equal(10, recovery.Length);
        Assert.Equal((true, 10), await StateAsync(ada));

        await SignInAsync(ada).RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_required");
        await SignInAsync(ada, "12345x").RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        await SignInAsync(ada, Totp.Code(secret, step)).RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        await SignInAsync(ada, Totp.Code(secret, step + 1)).JsonAsync(HttpStatusCode.Created);
        await SignInAsync(ada, Totp.Code(secret, step + 1))
            .RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        await SignInAsync(ada, recovery[3].ToLowerInvariant()).JsonAsync(HttpStatusCode.Created);
        await SignInAsync(ada, recovery[3]).RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        Assert.Equal((true, 9), await StateAsync(ada));
        await ada.PostAsync(Path, new { password = Password })
            .RefusedAsync(HttpStatusCode.Conflict, "two_factor_enabled");

        await ada.PostAsync(Path + "/disable", new { code = recovery[3] })
            .RefusedAsync(HttpStatusCode.Forbidden, "code_wrong");
        await ada.PostAsync(Path + "/disable", new { code = recovery[4] }).JsonAsync();
        await SignInAsync(ada).JsonAsync(HttpStatusCode.Created);
        await ada.PostAsync(Path + "/disable", new { code = recovery[5] })
            .RefusedAsync(HttpStatusCode.Conflict, "two_factor_not_begun");
        Assert.Equal((false, 0), await StateAsync(ada));
    }

    [Fact]
    public async Task The_log_records_each_step_and_no_secret()
    {
        var ada = await veza.RegisterAsync("ada");
        var begun = await ada.PostAsync(Path, new { password = Password }).JsonAsync(HttpStatusCode.Created);
        var secret = Device.Secret(begun.Id());
        var confirmed = await ada.PostAsync(Path + "/confirm", new { code = Totp.Code(secret, Now) }).JsonAsync();
        var replay = await (
            await (await veza.OperatorAsync()).GetAsync($"/api/v1/log?stream={ada.Id}")
        ).Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("two_factor_enabled", replay);
        foreach (
            var hidden in (string[])
                [
                    begun.GetProperty("secret").GetString()!,
                    "passwordHash",
                    "networkHash",
                    .. confirmed.GetProperty("recoveryCodes").EnumerateArray().Select(c => c.GetString()!),
                ]
        )
            Assert.DoesNotContain(hidden, replay);
    }

    private static async Task<(bool, int)> StateAsync(Person person)
    {
        var state = await person.GetAsync(Path).JsonAsync();
        return (state.GetProperty("enabled").GetBoolean(), state.GetProperty("recoveryCodesLeft").GetInt32());
    }

    private Task<HttpResponseMessage> SignInAsync(Person person, string? code = null) =>
        veza.Anonymous.PostAsync(
            "/api/v1/sessions",
            new
            {
                name = person.UserName,
                password = Password,
                code,
            }
        );
}
