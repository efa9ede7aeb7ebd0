using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class PasswordTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);
    private readonly AccountSetting _operator = new(rules);
    private readonly Guid _phone = Guid.CreateVersion7();

    private ResetPassword Reset => new(_ada.Account, "reset 1", "new");
    private IssuePasswordReset Issued => new(_ada.Account, _operator.Account, "reset 1");

    private Task SignedInTwiceAsync() =>
        _ada.GivenAsync(
            _ada.Registered,
            _ada.Started,
            new StartSession(_phone, _ada.Account, "p"),
            _operator.Registered with
            {
                Roles = [PlatformRole.Operator],
            }
        );

    [Fact]
    public async Task Changing_the_password_ends_every_other_session_in_the_same_commit()
    {
        await SignedInTwiceAsync();
        Assert.Equal<DomainEvent>(
            [new PasswordChanged(_ada.Account, "new"), new SessionEnded(_phone, _ada.Account, Session.PasswordChanged)],
            await _ada.EventsOfAsync(new ChangePassword(_ada.Account, "hash", "new", _ada.Session))
        );
    }

    [Fact]
    public async Task A_password_checked_against_what_is_no_longer_the_hash_changes_nothing()
    {
        await SignedInTwiceAsync();
        await _ada.GivenAsync(new ChangePassword(_ada.Account, "hash", "new", _ada.Session));
        Assert.Equal(
            AccountRefusals.PasswordWrong,
            await _ada.RefusalOfAsync(new ChangePassword(_ada.Account, "hash", "newer", _ada.Session))
        );
        Assert.Equal(
            AccountRefusals.SignInFailed,
            await _ada.RefusalOfAsync(new StartSession(Guid.CreateVersion7(), _ada.Account, "t", PasswordHash: "hash"))
        );
        await _ada.GivenAsync(new StartSession(Guid.CreateVersion7(), _ada.Account, "t", PasswordHash: "new"));
    }

    [Fact]
    public async Task A_reset_by_an_operators_token_ends_every_session_and_the_token_is_good_once()
    {
        await SignedInTwiceAsync();
        await _ada.GivenAsync(Issued);
        Assert.Equal<DomainEvent>(
            [
                new PasswordReset(_ada.Account, "new"),
                new SessionEnded(_ada.Session, _ada.Account, Session.PasswordReset),
                new SessionEnded(_phone, _ada.Account, Session.PasswordReset),
            ],
            await _ada.EventsOfAsync(Reset)
        );
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(Reset));
    }

    [Fact]
    public async Task A_reset_token_ends_with_its_hour_with_the_next_one_and_with_a_change_of_the_password()
    {
        await SignedInTwiceAsync();
        await _ada.GivenAsync(Issued);
        _ada.Now += PendingReset.Life;
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(Reset));
        await _ada.GivenAsync(Issued, Issued with { TokenHash = "reset 2" });
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(Reset));
        await _ada.GivenAsync(new ChangePassword(_ada.Account, "hash", "other", _ada.Session));
        Assert.Equal(
            AccountRefusals.ResetTokenInvalid,
            await _ada.RefusalOfAsync(Reset with { TokenHash = "reset 2" })
        );
    }

    [Fact]
    public async Task A_password_reset_needs_a_token_that_only_an_operator_issues()
    {
        await SignedInTwiceAsync();
        Assert.Equal(
            AccountRefusals.NotAnOperator,
            await _ada.RefusalOfAsync(Issued with { OperatorId = _ada.Account })
        );
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(Reset));
        Assert.Equal(
            AccountRefusals.ResetTokenInvalid,
            await _ada.RefusalOfAsync(Reset with { AccountId = Guid.CreateVersion7() })
        );
    }
}
