using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class RegisterAccountTests(Rules rules)
{
    private readonly AccountSetting _one = new(rules);
    private readonly AccountSetting _other = new(rules);

    [Fact]
    public async Task Registering_makes_an_account() =>
        Assert.Equal(
            [new AccountRegistered(_one.Account, _one.UserName, _one.Email, "hash")],
            await _one.EventsOfAsync(_one.Registered)
        );

    [Fact]
    public async Task Registering_can_begin_a_session_that_lasts_as_long_as_its_refresh_token() =>
        Assert.Equal<DomainEvent>(
            [
                new AccountRegistered(_one.Account, _one.UserName, _one.Email, "hash"),
                new SignedIn(_one.Account, _one.Session, null, null),
                new SessionStarted(_one.Session, _one.Account, "token 1", _one.Now.AddDays(30)),
            ],
            await _one.EventsOfAsync(_one.Registered with { SignIn = new(_one.Session, "token 1") })
        );

    [Fact]
    public async Task An_account_can_be_made_with_roles_at_once() =>
        Assert.Equal<DomainEvent>(
            [
                new AccountRegistered(_one.Account, _one.UserName, _one.Email, "hash"),
                new RoleGranted(_one.Account, PlatformRole.Operator),
                new RoleGranted(_one.Account, PlatformRole.Analyst),
            ],
            await _one.EventsOfAsync(_one.Registered with { Roles = [PlatformRole.Operator, PlatformRole.Analyst] })
        );

    [Fact]
    public async Task A_role_that_cannot_be_granted_is_refused() =>
        Assert.Equal("invalid", (await _one.RefusalOfAsync(_one.Registered with { Roles = ["root"] })).Code);

    [Fact]
    public async Task A_user_name_is_kept_in_lower_case_and_an_address_as_it_was_given()
    {
        var email = _one.Email.ToUpperInvariant();
        Assert.Equal(
            [new AccountRegistered(_one.Account, _one.UserName, email, "hash")],
            await _one.EventsOfAsync(
                _one.Registered with
                {
                    UserName = _one.UserName.ToUpperInvariant(),
                    Email = email,
                }
            )
        );
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ab")]
    [InlineData("abcdefghijklmnopqrstuvwxyz0123456")]
    [InlineData("ada lovelace")]
    [InlineData("ada-lovelace")]
    [InlineData("ada@example")]
    [InlineData("ада_лавлейс")]
    [InlineData("ada\u0000")]
    [InlineData("ada\n")]
    public async Task An_invalid_user_name_is_refused(string? name)
    {
        var refusal = await _one.RefusalOfAsync(_one.Registered with { UserName = name! });
        Assert.Equal("invalid", refusal.Code);
        Assert.Equal(["userName"], refusal.Errors!.Keys);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345")]
    [InlineData("...")]
    [InlineData("a_1.")]
    public async Task User_names_of_any_allowed_shape_are_taken(string name) =>
        Assert.Single(await _one.EventsOfAsync(_one.Registered with { UserName = name }));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ada")]
    [InlineData("@example.org")]
    [InlineData("ada@")]
    [InlineData("ada@example")]
    [InlineData("ada@@example.org")]
    [InlineData("ada@exam ple.org")]
    [InlineData("ada@example..org")]
    [InlineData("ada@-example.org")]
    [InlineData(".ada@example.org")]
    [InlineData("a..da@example.org")]
    [InlineData("ada\u0000@example.org")]
    [InlineData("ada@example.org\r\nBcc: eve@example.org")]
    [InlineData("адa@example.org")]
    public async Task An_invalid_address_is_refused(string? email)
    {
        var refusal = await _one.RefusalOfAsync(_one.Registered with { Email = email! });
        Assert.Equal("invalid", refusal.Code);
        Assert.Equal(["email"], refusal.Errors!.Keys);
    }

    [Fact]
    public async Task An_address_longer_than_mail_can_carry_is_refused() =>
        Assert.Equal(
            "invalid",
            (
                await _one.RefusalOfAsync(
                    _one.Registered with
                    {
                        Email = $"ada@{string.Join('.', Enumerable.Repeat("example", 32))}.org",
                    }
                )
            ).Code
        );
}
