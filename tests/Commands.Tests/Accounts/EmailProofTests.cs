using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class EmailProofTests(TestLog log)
{
    private readonly AccountSetting _ada = new(log);
    private readonly AccountSetting _bo = new(log);
    private readonly Guid _proof = Guid.CreateVersion7();

    private RegisterAccount Registered => _ada.Registered with { EmailProofId = _proof };
    private ProveEmail Proven => new(_ada.Account, _proof);
    private string Other => $"other_{_ada.Email}";

    private RequestEmailProof Another(Guid proof) => new(_ada.Account, Other, proof, "hash");

    private Task<Guid?> HolderAsync(string email) => log.Log.Reader.FindNameAsync(Account.EmailScope, email, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Registering_asks_for_a_proof_and_claims_no_address()
    {
        Assert.Equal<DomainEvent>(
            [new AccountRegistered(_ada.Account, _ada.UserName, null, "hash"),
                new EmailProofRequested(_ada.Account, _proof, _ada.Email, _ada.Now, _ada.Now + EmailProof.Life)],
            await _ada.EventsOfAsync(Registered));
        Assert.Null(await HolderAsync(_ada.Email));
        await _bo.GivenAsync(_bo.Registered with { Email = _ada.Email, EmailProofId = Guid.CreateVersion7() });
    }

    [Fact]
    public async Task Proving_claims_the_address_once()
    {
        await _ada.GivenAsync(Registered);
        Assert.Equal([new EmailProven(_ada.Account, _ada.Email, Before: null)], await _ada.EventsOfAsync(Proven));
        Assert.Equal(_ada.Account, await HolderAsync(_ada.Email));
        Assert.Equal(AccountRefusals.ProofTokenInvalid, await _ada.RefusalOfAsync(Proven));
    }

    [Fact]
    public async Task An_address_that_another_has_proven_is_taken()
    {
        await _bo.GivenAsync(_bo.Registered with { Email = _ada.Email.ToUpperInvariant() });
        await _ada.GivenAsync(Registered);
        Assert.Equal("email_taken", (await _ada.RefusalOfAsync(Proven)).Code);
    }

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
        Assert.Equal(TimeSpan.FromDays(1) - EmailProof.PerDayMax * EmailProof.WaitMin, (await _ada.RefusalOfAsync(Another(Guid.CreateVersion7()))).RetryAfter);
        _ada.Now += TimeSpan.FromDays(1);
        await _ada.GivenAsync(Another(Guid.CreateVersion7()));
    }

    [Fact]
    public async Task Another_address_needs_the_password_and_takes_the_place_of_the_first_when_it_is_proven()
    {
        await _ada.GivenAsync(_ada.Registered);
        Assert.Equal(AccountRefusals.PasswordWrong, await _ada.RefusalOfAsync(Another(_proof) with { ShownHash = "another" }));
        Assert.Equal(AccountRefusals.NothingToProve, await _ada.RefusalOfAsync(Another(_proof) with { Email = _ada.Email }));
        await _ada.GivenAsync(Another(_proof));
        Assert.Equal(_ada.Account, await HolderAsync(_ada.Email));
        Assert.Equal([new EmailProven(_ada.Account, Other, _ada.Email)], await _ada.EventsOfAsync(Proven));
        Assert.Equal((null, _ada.Account), (await HolderAsync(_ada.Email), await HolderAsync(Other)));
        Assert.Equal(AccountRefusals.NothingToProve, await _ada.RefusalOfAsync(new RepeatEmailProof(_ada.Account, Guid.CreateVersion7())));
    }

    [Fact]
    public async Task An_erased_account_frees_what_it_has_proven_and_proves_nothing_more()
    {
        await _ada.GivenAsync(Registered, Proven);
        _ada.Now += EmailProof.WaitMin;
        var next = Guid.CreateVersion7();
        await _ada.GivenAsync(Another(next), new EraseAccount(_ada.Account, "hash"));
        Assert.Null(await HolderAsync(_ada.Email));
        Assert.Equal(AccountRefusals.ProofTokenInvalid, await _ada.RefusalOfAsync(new ProveEmail(_ada.Account, next)));
    }

    [Fact]
    public async Task An_account_that_is_erased_before_it_proved_its_address_frees_nobody_elses()
    {
        await _bo.GivenAsync(_bo.Registered with { Email = _ada.Email });
        await _ada.GivenAsync(Registered, new EraseAccount(_ada.Account, "hash"));
        Assert.Equal(_bo.Account, await HolderAsync(_ada.Email));
    }

    [Fact]
    public async Task A_mailed_token_sets_one_password_within_its_hour_and_leaves_an_operators_alone()
    {
        var @operator = new AccountSetting(log);
        await @operator.GivenAsync(@operator.Registered with { Roles = [Role.Operator] });
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _ada.GivenAsync(_ada.Registered, new IssuePasswordReset(_ada.Account, @operator.Account, "handed"), new MailPasswordReset(_ada.Account, first));
        _ada.Now += MailedReset.Life;
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "new", first)));
        await _ada.GivenAsync(new MailPasswordReset(_ada.Account, second));
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "new", first)));
        Assert.Equal([new PasswordReset(_ada.Account, "new")], await _ada.EventsOfAsync(new ResetPassword(_ada.Account, null, "new", second)));
        Assert.Equal(AccountRefusals.ResetTokenInvalid, await _ada.RefusalOfAsync(new ResetPassword(_ada.Account, null, "newer", second)));
    }

    [Fact]
    public async Task A_mailbox_takes_so_many_an_hour_and_a_day_whoever_asks()
    {
        var mailbox = Guid.CreateVersion7();
        var asked = 0;
        for (var hour = 0; hour < 24; hour++)
        {
            for (var i = 0; i < Mailbox.PerHourMax + 1; i++) asked += (await _ada.EventsOfAsync(new AskForPasswordReset(mailbox, null))).Length;
            Assert.Equal(Math.Min(Mailbox.PerDayMax, (hour + 1) * Mailbox.PerHourMax), asked);
            _ada.Now += TimeSpan.FromHours(1);
        }
    }
}
