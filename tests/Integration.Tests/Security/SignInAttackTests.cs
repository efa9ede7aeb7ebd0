using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api.Accounts;
using Veza.Api.Auth;
using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;
using Veza.Integration.Tests.Accounts;
using Wolverine.Runtime;

namespace Veza.Integration.Tests.Security;

/// <summary>Attacks on signing in.</summary>
public class SignInAttackTests(VezaServer veza)
{
    private const string Password = "correct horse battery";
    private const string TwoFactorPath = "/api/v1/accounts/me/two-factor";

    /// <summary>The tests' server trusts this machine as a proxy, so each test can use networks of its own.</summary>
    private static string Network() => new IPAddress(Guid.CreateVersion7().ToByteArray()).ToString();

    private Task<HttpResponseMessage> SignInAsync(
        string name,
        string password,
        string? code = null,
        string? from = null
    ) =>
        veza.Anonymous.PostAsync(
            "/api/v1/sessions",
            new
            {
                name,
                password,
                code,
            },
            ("X-Forwarded-For", from ?? Network())
        );

    [Theory]
    [InlineData(null, "a wrong one")]
    [InlineData("known", "a wrong one")]
    [InlineData("known", "right")]
    [InlineData("known", "")]
    [InlineData(null, "")]
    [InlineData("known", null)]
    [InlineData(null, null)]
    [InlineData("known", "too long")]
    [InlineData(null, "too long")]
    public void Whether_there_is_such_an_account_or_not_one_password_is_verified(string? account, string? password)
    {
        var hasher = new CountingHasher();
        var passwords = new Passwords(hasher);
        var hash = account is null ? null : passwords.Hash(Password);
        var fits = passwords.Fits(
            hash,
            password switch
            {
                "right" => Password,
                "too long" => new string('x', 5000),
                _ => password,
            }
        );
        Assert.Equal(account is not null && password == "right", fits);
        Assert.Equal(1, hasher.Verified);
        Assert.Equal(Passwords.Iterations, hasher.Iterations);
    }

    [Fact]
    public async Task An_unknown_name_is_refused_word_for_word_like_a_wrong_password_and_costs_the_log_as_much()
    {
        var ada = await veza.RegisterAsync("ada");
        var answers = new List<string>();
        foreach (
            var name in new[]
            {
                ada.UserName,
                $"{ada.UserName}@example.org",
                $"nobody_{ada.Id:N}"[..32],
                $"nobody_{ada.Id:N}@example.org",
                ada.UserName.ToUpperInvariant(),
                "",
                "no name at all\u00e4",
            }
        )
        {
            using var answer = await SignInAsync(name, "a wrong one");
            var problem = await answer.JsonAsync(HttpStatusCode.Unauthorized);
            answers.Add(
                string.Join(
                    '\n',
                    problem.EnumerateObject().Where(p => p.Name != "traceId").Select(p => $"{p.Name}: {p.Value}")
                )
                    + string.Join(
                        '\n',
                        answer
                            .Headers.Concat(answer.Content.Headers)
                            .Where(h => h.Key is not ("Date" or "RateLimit-Remaining" or "RateLimit-Reset"))
                            .Select(h => $"{h.Key}: {string.Join(',', h.Value)}")
                            .Order()
                    )
            );
        }
        Assert.Single(answers.Distinct());
    }

    [Fact]
    public async Task The_second_factor_is_asked_for_only_after_the_right_password()
    {
        var (ada, _, _) = await WithTwoFactorAsync();
        await SignInAsync(ada.UserName, "a wrong one").RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await SignInAsync(ada.UserName, "a wrong one", "000000")
            .RefusedAsync(HttpStatusCode.Unauthorized, "sign_in_failed");
        await SignInAsync(ada.UserName, Password).RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_required");
    }

    [Fact]
    public async Task A_code_is_good_once_however_many_show_it_at_once_and_not_outside_its_window()
    {
        var (ada, secret, step) = await WithTwoFactorAsync();
        foreach (var off in new[] { -3, 3, 10 })
            await SignInAsync(ada.UserName, Password, Totp.Code(secret, Step + off))
                .RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        await SignInAsync(ada.UserName, Password, Totp.Code(secret, step))
            .RefusedAsync(HttpStatusCode.Unauthorized, "two_factor_failed");
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => SignInAsync(ada.UserName, Password, Totp.Code(secret, step + 1)))
        );
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.All(answers.Where(a => a.StatusCode != HttpStatusCode.Created), a =>
            Assert.Contains(
                a.StatusCode,
                (HttpStatusCode[])[HttpStatusCode.Unauthorized, HttpStatusCode.TooManyRequests]
            )
        );
    }

    [Fact]
    public async Task A_recovery_code_is_good_once_however_many_show_it_at_once()
    {
        var (ada, _, _, recovery) = await WithRecoveryAsync();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => SignInAsync(ada.UserName, Password, recovery[0]))
        );
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        await SignInAsync(ada.UserName, Password, recovery[1]).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Of_many_concurrent_uses_of_one_refresh_token_at_most_one_succeeds_and_the_session_ends()
    {
        var ada = await veza.RegisterAsync("ada");
        var session = await SignInAsync(ada.UserName, Password).JsonAsync(HttpStatusCode.Created);
        var refreshToken = session.GetProperty("refreshToken").GetString();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(_ => veza.Anonymous.PostAsync("/api/v1/sessions/refresh", new { refreshToken }))
        );
        var good = answers.Where(a => a.StatusCode == HttpStatusCode.OK).ToList();
        Assert.True(good.Count <= 1, $"{good.Count} got new tokens for one");
        await veza
            .Anonymous.PostAsync("/api/v1/sessions/refresh", new { refreshToken })
            .RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
        foreach (var answer in good)
        {
            var won = await answer.JsonAsync();
            await veza
                .Anonymous.PostAsync(
                    "/api/v1/sessions/refresh",
                    new { refreshToken = won.GetProperty("refreshToken").GetString() }
                )
                .RefusedAsync(HttpStatusCode.Unauthorized, "session_ended");
            await new Person(veza, ada.Id, "", won.GetProperty("accessToken").GetString())
                .GetAsync("/api/v1/accounts/me")
                .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
        // The person's other session is not affected.
        await ada.GetAsync("/api/v1/accounts/me").JsonAsync();
    }

    [Fact]
    public async Task Tries_during_the_wait_do_not_prolong_it_and_an_owner_elsewhere_signs_in_when_it_is_over()
    {
        var ada = await veza.RegisterAsync("ada");
        // With its own clock: the wait is a few seconds, and the machine may need longer for the tries.
        var clock = new SetClock(TimeProvider.System.GetUtcNow());
        var services = veza.Running.App.Services;
        var bus = new CommandBus(services.GetRequiredService<IWolverineRuntime>(), veza.Running.Log, clock.GetUtcNow);
        var tries = new SignInThrottle(
            bus,
            services.GetRequiredService<AccountAuthenticator>(),
            services.GetRequiredService<SigningKeys>(),
            clock
        );
        var account = await services
            .GetRequiredService<AccountAuthenticator>()
            .AccountAsync(ada.Id, TestContext.Current.CancellationToken);
        for (var i = 0; i < SignInGuard.FreeTries; i++)
            Assert.Equal("sign_in_failed", await TryAsync(good: false));
        var before = await GuardAsync(ada);
        for (var i = 0; i < 20; i++)
            Assert.Equal("sign_in_wait", await TryAsync(good: i % 2 == 1));
        Assert.Equal(before, await GuardAsync(ada));
        Assert.Equal(clock.Now + SignInGuard.WaitMin, before!.NextTryAt);
        Assert.True(SignInGuard.Wait(int.MaxValue) <= SignInGuard.WaitMax);
        // Existing sessions are not affected.
        await ada.GetAsync("/api/v1/accounts/me").JsonAsync();
        clock.Now = before.NextTryAt;
        Assert.Null(await TryAsync(good: true));

        // Each try comes from another network.
        async Task<string?> TryAsync(bool good)
        {
            var http = new DefaultHttpContext();
            http.Connection.RemoteIpAddress = IPAddress.Parse(Network());
            var result = await tries.TryAsync(http, account, name: null, () =>
                Task.FromResult<CommandResult>(
                    good
                        ? new CommandResult.Done(1, 1, Answer: null)
                        : new CommandResult.Refused(AccountRefusals.SignInFailed)
                )
            );
            return (result as CommandResult.Refused)?.Refusal.Code;
        }
    }

    private async Task<SignInGuard?> GuardAsync(Person person)
    {
        await veza.Running.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        return (
                await veza.Running.Log.Aggregates.LoadAsync(
                    typeof(SignInGuard),
                    Domain.StreamIds.Of("sign_in_guard", person.Id, Guid.Empty),
                    TestContext.Current.CancellationToken
                )
            ).State as SignInGuard;
    }

    private static long Step => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / Totp.StepSeconds;

    private async Task<(Person Person, byte[] Secret, long Step)> WithTwoFactorAsync()
    {
        var (person, secret, step, _) = await WithRecoveryAsync();
        return (person, secret, step);
    }

    /// <param name="Step">
    /// The step of the confirming code, one before the present one, so that the present one is still unused.
    /// </param>
    private async Task<(Person Person, byte[] Secret, long Step, string[] Recovery)> WithRecoveryAsync()
    {
        var ada = await veza.RegisterAsync("ada");
        var begun = await ada.PostAsync(TwoFactorPath, new { password = Password }).JsonAsync(HttpStatusCode.Created);
        var secret = veza.Running.App.Services.GetRequiredService<TwoFactors>().Secret(begun.Id());
        var step = Step - 1;
        var confirmed = await ada.PostAsync(TwoFactorPath + "/confirm", new { code = Totp.Code(secret, step) })
            .JsonAsync();
        return (
            ada,
            secret,
            step,
            [.. confirmed.GetProperty("recoveryCodes").EnumerateArray().Select(c => c.GetString()!)]
        );
    }

    /// <summary>
    /// Counts the calls of ASP.NET Core Identity's hasher. The iterations are part of the hash that it verifies.
    /// </summary>
    private sealed class CountingHasher : IPasswordHasher<Account>
    {
        private readonly PasswordHasher<Account> _hasher = new(
            Microsoft.Extensions.Options.Options.Create(
                new PasswordHasherOptions { IterationCount = Passwords.Iterations }
            )
        );

        public int Verified { get; private set; }
        public int Iterations { get; private set; }

        public string HashPassword(Account user, string password) => _hasher.HashPassword(user, password);

        public PasswordVerificationResult VerifyHashedPassword(
            Account user,
            string hashedPassword,
            string providedPassword
        )
        {
            Verified++;
            // Format 1: a marker byte, then the function and the iterations in four bytes each.
            Iterations = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(
                Convert.FromBase64String(hashedPassword).AsSpan(5)
            );
            return _hasher.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
