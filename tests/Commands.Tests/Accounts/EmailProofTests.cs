using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class EmailProofTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);
    private readonly AccountSetting _bo = new(rules);
    private readonly Guid _proof = Guid.CreateVersion7();

    private RegisterAccount Registered => _ada.Registered with { EmailProofId = _proof };
    private ProveEmail Proven => new(_ada.Account, _proof);
    private string Other => $"other_{_ada.Email}";

    private RequestEmailProof Another(Guid proof) => new(_ada.Account, Other, proof, "hash");

    [Fact]
    public async Task A_token_is_good_for_a_day_and_until_another_is_asked_for()
    {
        await _ada.GivenAsync(Registered);
        var next = Guid.CreateVersion7();
        _ada.Now += EmailProof.WaitMin;
        await _ada.GivenAsync(new RepeatEmailProof(_ada.Account, next));
        Assert.Equal(AccountRefusals.ProofTokenInvalid, await _ada.RefusalOfAsync(Proven));
        _ada.Now += EmailProof.Life;
        Assert.Equal(AccountRefusals.ProofTokenInvalid, await _ada.RefusalOfAsync(new ProveEmail(_ada.Account, next)));
    }

    [Fact]
    public async Task Mails_are_asked_for_once_a_minute_and_ten_times_a_day()
    {
        await _ada.GivenAsync(Registered);
        var refusal = await _ada.RefusalOfAsync(new RepeatEmailProof(_ada.Account, Guid.CreateVersion7()));
        Assert.Equal(("email_proof_wait", EmailProof.WaitMin), (refusal.Code, refusal.RetryAfter));
        for (var i = 1; i < EmailProof.PerDayMax; i++)
        {
            _ada.Now += EmailProof.WaitMin;
            await _ada.GivenAsync(new RepeatEmailProof(_ada.Account, Guid.CreateVersion7()));
        }
        _ada.Now += EmailProof.WaitMin;
        Assert.Equal(
            TimeSpan.FromDays(1) - EmailProof.PerDayMax * EmailProof.WaitMin,
            (await _ada.RefusalOfAsync(Another(Guid.CreateVersion7()))).RetryAfter
        );
        _ada.Now += TimeSpan.FromDays(1);
        await _ada.GivenAsync(Another(Guid.CreateVersion7()));
    }

    [Fact]
    public async Task A_mailed_token_sets_one_password_within_its_hour_and_leaves_an_operators_alone()
    {
        var @operator = new AccountSetting(rules);
        await @operator.GivenAsync(@operator.Registered with { Roles = [PlatformRole.Operator] });
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _ada.GivenAsync(
            _ada.Registered,
            new IssuePasswordReset(_ada.Account, @operator.Account, "handed"),
            new MailPasswordReset(_ada.Account, first)
        );
        _ada.Now += MailedReset.Life;
        Assert.Equal(
            AccountRefusals.ResetTokenInvalid,
            await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "new", first))
        );
        await _ada.GivenAsync(new MailPasswordReset(_ada.Account, second));
        Assert.Equal(
            AccountRefusals.ResetTokenInvalid,
            await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "new", first))
        );
        Assert.Equal(
            [new PasswordReset(_ada.Account, "new")],
            await _ada.EventsOfAsync(new ResetPassword(_ada.Account, null, "new", second))
        );
        Assert.Equal(
            AccountRefusals.ResetTokenInvalid,
            await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "newer", second))
        );
    }

    [Fact]
    public async Task Mails_to_one_address_are_limited_per_hour_and_per_day_for_all_callers_together()
    {
        var mailbox = Guid.CreateVersion7();
        var asked = 0;
        for (var hour = 0; hour < 24; hour++)
        {
            for (var i = 0; i < Mailbox.PerHourMax + 1; i++)
                asked += (await _ada.EventsOfAsync(new AskForPasswordReset(mailbox, null))).Length;
            Assert.Equal(Math.Min(Mailbox.PerDayMax, (hour + 1) * Mailbox.PerHourMax), asked);
            _ada.Now += TimeSpan.FromHours(1);
        }
    }
}
