using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Auth;
using Veza.Domain.Accounts;

namespace Veza.Integration.Tests.Security;

/// <summary>A limit on guesses also holds for concurrent guesses.</summary>
public sealed class GuessesAtOnceTests(VezaServer veza) : IDisposable
{
    private const string Password = "correct horse battery";
    private const string TwoFactorPath = "/api/v1/accounts/me/two-factor";
    private const int Guesses = 200;

    private readonly Crowd _crowd = new(veza);

    public void Dispose() => _crowd.Dispose();

    [Theory]
    [InlineData("password", "sign_in_failed")]
    [InlineData("code", "two_factor_failed")]
    [InlineData("recovery code", "two_factor_failed")]
    [InlineData("unknown name", "sign_in_failed")]
    public async Task Of_guesses_made_at_once_from_everywhere_no_more_are_looked_at_than_one_by_one(
        string what,
        string failed
    )
    {
        var ada = await veza.RegisterAsync("ada");
        if (what.Contains("code", StringComparison.Ordinal))
            await EnableTwoFactorAsync(ada);
        var head = await HeadAsync();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Guesses)
                .Select(i =>
                    _crowd.PostAsync(
                        "/api/v1/sessions",
                        what switch
                        {
                            "password" => new { name = ada.UserName, password = $"wrong one {i}" },
                            "code" => new
                            {
                                name = ada.UserName,
                                password = Password,
                                code = $"{i:000000}",
                            },
                            "recovery code" => new
                            {
                                name = ada.UserName,
                                password = Password,
                                code = $"AAAAAAA{i:000}",
                            },
                            _ => new { name = $"nobody_{ada.Id:N}"[..32], password = Password },
                        },
                        Crowd.Address()
                    )
                )
        );
        Assert.All(answers, a => Assert.Contains(a.Code, (string[])[failed, "sign_in_wait"]));
        await AssertOneByOneAsync(head, answers.Count(a => a.Code == failed), what == "unknown name" ? null : ada);
    }

    [Fact]
    public async Task A_stolen_session_guesses_at_codes_no_faster()
    {
        var ada = await veza.RegisterAsync("ada");
        await EnableTwoFactorAsync(ada);
        var head = await HeadAsync();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Guesses)
                .Select(i =>
                    _crowd.PostAsync(
                        TwoFactorPath + "/disable",
                        new { code = $"{i:000000}" },
                        Crowd.Address(),
                        ada.AccessToken
                    )
                )
        );
        Assert.All(answers, a => Assert.Contains(a.Code, (string[])["code_wrong", "sign_in_wait"]));
        await AssertOneByOneAsync(head, answers.Count(a => a.Code == "code_wrong"), ada);
    }

    [Fact]
    public async Task A_reset_token_shown_many_times_at_once_sets_one_password()
    {
        var ada = await veza.RegisterAsync("ada");
        var issued = await (await veza.OperatorAsync())
            .PostAsync($"/api/v1/accounts/{ada.Id}/password-reset")
            .JsonAsync(HttpStatusCode.Created);
        var token = issued.GetProperty("token").GetString();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    _crowd.PostAsync(
                        "/api/v1/accounts/password-reset",
                        new { token, newPassword = $"another good one {i}" },
                        Crowd.Address()
                    )
                )
        );
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
    }

    /// <summary>
    /// Asserts that every checked try was counted, and that none began before the wait after the one before it was
    /// over. On a slow machine waits end while guesses still arrive, so their number proves nothing.
    /// </summary>
    /// <param name="lookedAt">The number of checked tries.</param>
    /// <param name="owner">The owner of the guard; null for the guard of an unknown name.</param>
    private async Task AssertOneByOneAsync(long head, int lookedAt, Person? owner)
    {
        var events = await veza.Running.Log.Reader.ReadAsync(
            head,
            await HeadAsync(),
            1_000_000,
            null,
            null,
            TestContext.Current.CancellationToken
        );
        var wanted = owner is null
            ? events
                .Select(e => e.Data)
                .OfType<SignInFailed>()
                .Where(f => f.AccountId is null)
                .Select(f => f.GuardId)
                .ToHashSet()
            : [Domain.StreamIds.Of("sign_in_guard", owner.Id, Guid.Empty)];
        var guards = events
            .Where(e => e.Data is SignInTried tried && wanted.Contains(tried.GuardId))
            .GroupBy(e => e.StreamId)
            .ToList();
        Assert.Contains(guards, g => g.Count() == lookedAt);
        foreach (var tries in guards.Select(g => g.ToList()))
        foreach (var (before, next) in tries.Zip(tries.Skip(1)))
            Assert.True(
                next.At >= ((SignInTried)before.Data!).NextTryAt,
                $"a try began {((SignInTried)before.Data!).NextTryAt - next.At} early"
            );
    }

    private async Task<long> HeadAsync()
    {
        await veza.Running.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        return veza.Running.Log.Head;
    }

    private async Task EnableTwoFactorAsync(Person person)
    {
        var begun = await person
            .PostAsync(TwoFactorPath, new { password = Password })
            .JsonAsync(HttpStatusCode.Created);
        var secret = veza.Running.App.Services.GetRequiredService<TwoFactors>().Secret(begun.Id());
        var step = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;
        await person.PostAsync(TwoFactorPath + "/confirm", new { code = Totp.Code(secret, step) }).JsonAsync();
    }
}
