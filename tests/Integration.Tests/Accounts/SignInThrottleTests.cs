using System.Net;
using Veza.Api.Accounts;
using Veza.Domain.Accounts;

namespace Veza.Integration.Tests.Accounts;

public class SignInThrottleTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    private const string Password = "correct horse battery";

    /// <summary>The tests' server trusts this machine as a proxy, so each test can use networks of its own.</summary>
    private readonly string _home = Address(),
        _elsewhere = Address();

    private Task<HttpResponseMessage> TryAsync(string name, string password, string address) =>
        veza.Anonymous.PostAsync("/api/v1/sessions", new { name, password }, ("X-Forwarded-For", address));

    [Fact]
    public async Task After_ten_failures_the_next_try_waits_for_a_known_name_and_an_unknown_one_alike()
    {
        var ada = await veza.RegisterAsync("ada");
        foreach (var name in new[] { ada.UserName, $"nobody_{ada.Id:N}"[..32] })
        {
            for (var i = 0; i < SignInGuard.FreeTries; i++)
                await TryAsync(i % 2 == 0 ? name : name.ToUpperInvariant(), "wrong one", _elsewhere)
                    .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
            var answer = await TryAsync(name, Password, _elsewhere);
            Assert.InRange(answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, SignInGuard.WaitMin.TotalSeconds);
            Assert.Contains(
                "too many tries failed",
                (await Task.FromResult(answer).RefusedAsync(HttpStatusCode.TooManyRequests, "sign_in_wait"))
                    .GetProperty("detail")
                    .GetString()
            );
        }
    }

    [Fact]
    public async Task Guessing_elsewhere_does_not_lock_the_owner_out_where_they_have_signed_in_before()
    {
        var ada = await veza.RegisterAsync("ada");
        await TryAsync(ada.UserName, Password, _home).JsonAsync(HttpStatusCode.Created);
        for (var i = 0; i < SignInGuard.FreeTries; i++)
            await TryAsync(ada.UserName, "wrong one", _elsewhere)
                .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await TryAsync(ada.UserName, Password, _elsewhere).RefusedAsync(HttpStatusCode.TooManyRequests, "sign_in_wait");
        await TryAsync(ada.UserName, Password, _home).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public void A_network_waits_after_a_hundred_failures_and_never_longer_than_the_longest()
    {
        Assert.Equal(TimeSpan.Zero, SignInThrottle.NetworkWait(SignInThrottle.NetworkFreeTries - 1));
        Assert.Equal(SignInThrottle.NetworkWaitMin, SignInThrottle.NetworkWait(SignInThrottle.NetworkFreeTries));
        Assert.Equal(SignInThrottle.NetworkWaitMax, SignInThrottle.NetworkWait(int.MaxValue));
    }

    private static string Address() => new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString();
}
