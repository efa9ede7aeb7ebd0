using System.Net;

namespace Veza.Integration.Tests.Security;

/// <summary>Hashing a password is the costliest work that a stranger can cause.</summary>
public sealed class PasswordFloodTests(VezaServer veza) : IDisposable
{
    private const string Password = "correct horse battery";

    /// <summary>More than the number that once blocked all sign-ins.</summary>
    private const int Attackers = 130;

    private const int SignIns = 12;

    private readonly Crowd _crowd = new(veza);
    private readonly string _attacker = Crowd.Address();

    public void Dispose() => _crowd.Dispose();

    [Fact]
    public async Task A_registration_with_a_bad_field_is_refused_for_it_however_many_come_at_once()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, Attackers).Select(_ => RegisterAsync("!")));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.BadRequest, "invalid"), answer));
    }

    [Fact]
    public async Task A_registration_under_a_name_that_is_taken_is_refused_for_it_however_many_come_at_once()
    {
        var ada = await veza.RegisterAsync("ada");
        var answers = await Task.WhenAll(Enumerable.Range(0, Attackers).Select(_ => RegisterAsync(ada.UserName)));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.Conflict, "user_name_taken"), answer));
    }

    [Fact]
    public async Task A_reset_token_that_is_used_up_is_refused_for_it_however_many_show_it_at_once()
    {
        var ada = await veza.RegisterAsync("ada");
        var issued = await (await veza.OperatorAsync())
            .PostAsync($"/api/v1/accounts/{ada.Id}/password-reset")
            .JsonAsync(HttpStatusCode.Created);
        var token = issued.GetProperty("token").GetString();
        await veza
            .Anonymous.PostAsync("/api/v1/accounts/password-reset", new { token, newPassword = "another good one" })
            .JsonAsync();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, Attackers)
                .Select(_ =>
                    _crowd.PostAsync(
                        "/api/v1/accounts/password-reset",
                        new { token, newPassword = "a third good one" },
                        _attacker
                    )
                )
        );
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.Unauthorized, "reset_token_invalid"), answer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Registrations_from_one_address_do_not_stop_sign_ins_from_others(bool wellFormed)
    {
        var ada = await veza.RegisterAsync("ada");
        using var enough = new CancellationTokenSource();
        var flood = Enumerable
            .Range(0, Attackers)
            .Select(async _ =>
            {
                while (!enough.IsCancellationRequested)
                    await RegisterAsync(wellFormed ? $"eve_{Guid.CreateVersion7().ToString("N")[12..]}" : "!");
            })
            .ToArray();
        // One after the other, so that each is measured during the flood.
        var signedIn = 0;
        for (var i = 0; i < SignIns; i++)
        {
            var (status, _) = await _crowd.PostAsync(
                "/api/v1/sessions",
                new { name = ada.UserName, password = Password },
                Crowd.Address()
            );
            if (status == HttpStatusCode.Created)
                signedIn++;
        }
        await enough.CancelAsync();
        await Task.WhenAll(flood);
        Assert.Equal(SignIns, signedIn);
    }

    private Task<(HttpStatusCode Status, string? Code)> RegisterAsync(string userName) =>
        _crowd.PostAsync(
            "/api/v1/accounts",
            new
            {
                userName,
                email = $"{Guid.CreateVersion7():N}@example.org",
                password = Password,
            },
            _attacker
        );
}
