using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class EraseAccountTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);

    private EraseAccount Erase => new(_ada.Account, "hash");

    [Fact]
    public async Task Erasing_ends_every_session_and_key()
    {
        var key = Guid.CreateVersion7();
        await _ada.GivenAsync(
            _ada.Registered,
            _ada.Started,
            new CreateApiKey(key, _ada.Account, "bot", ["messages:write"], "k", 1)
        );
        Assert.Equal<DomainEvent>(
            [
                new AccountErased(_ada.Account),
                new SessionEnded(_ada.Session, _ada.Account, Session.AccountErased),
                new SessionEnded(key, _ada.Account, Session.AccountErased),
            ],
            await _ada.EventsOfAsync(Erase)
        );
    }

    [Fact]
    public async Task Erasing_again_changes_nothing()
    {
        await _ada.GivenAsync(_ada.Registered, Erase);
        Assert.Empty(await _ada.EventsOfAsync(Erase));
    }

    [Fact]
    public async Task After_a_restore_an_account_is_erased_again_without_its_password_and_its_names_are_free()
    {
        await _ada.GivenAsync(_ada.Registered, _ada.Started);
        var again = new EraseAccountAgain(
            _ada.Account,
            [new(Account.UserNameScope, _ada.UserName), new(Account.EmailScope, _ada.Email)]
        );
        Assert.Equal<DomainEvent>(
            [new AccountErased(_ada.Account), new SessionEnded(_ada.Session, _ada.Account, Session.AccountErased)],
            await _ada.EventsOfAsync(again)
        );
        Assert.Empty(await _ada.EventsOfAsync(again));
        await _ada.GivenAsync(new RegisterAccount(Guid.CreateVersion7(), _ada.UserName, _ada.Email, "hash"));
    }

    [Fact]
    public async Task Another_password_than_the_one_now_erases_nothing()
    {
        await _ada.GivenAsync(_ada.Registered, new ChangePassword(_ada.Account, "hash", "new", Guid.Empty));
        Assert.Equal(AccountRefusals.PasswordWrong, await _ada.RefusalOfAsync(Erase));
    }

    [Fact]
    public async Task An_erased_account_takes_neither_a_sign_in_nor_a_password()
    {
        var @operator = new AccountSetting(rules);
        await @operator.GivenAsync(@operator.Registered with { Roles = [PlatformRole.Operator] });
        await _ada.GivenAsync(_ada.Registered, Erase);
        Assert.Equal(AccountRefusals.SignInFailed, await _ada.RefusalOfAsync(_ada.Started));
        Assert.Equal(
            "account_unknown",
            (await _ada.RefusalOfAsync(new IssuePasswordReset(_ada.Account, @operator.Account, "reset"))).Code
        );
    }

    [Fact]
    public async Task Two_factors_are_needed_where_they_are_on()
    {
        var seed = Guid.CreateVersion7();
        await _ada.GivenAsync(
            _ada.Registered,
            new BeginTwoFactor(_ada.Account, seed, "hash"),
            new ConfirmTwoFactor(_ada.Account, new(seed, 7, null))
        );
        Assert.Equal(AccountRefusals.TwoFactorRequired, await _ada.RefusalOfAsync(Erase));
        Assert.Equal(AccountRefusals.CodeWrong, await _ada.RefusalOfAsync(Erase with { Second = new(seed, 7, null) }));
        await _ada.GivenAsync(Erase with { Second = new(seed, 8, null) });
    }
}
