using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

/// <summary>User names and addresses are unique in the log, which is the authority on their holders.</summary>
[Collection<OverPostgres>]
public class AccountNamesTests(TestLog log)
{
    private readonly AccountSetting _ada = new(log);
    private readonly AccountSetting _bo = new(log);
    private readonly Guid _proof = Guid.CreateVersion7();

    private RegisterAccount Registered => _ada.Registered with { EmailProofId = _proof };
    private ProveEmail Proven => new(_ada.Account, _proof);
    private string Other => $"other_{_ada.Email}";

    private RequestEmailProof Another(Guid proof) => new(_ada.Account, Other, proof, "hash");

    private Task<Guid?> HolderAsync(string email) =>
        log.Log.Reader.FindNameAsync(Account.EmailScope, email, TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_user_name_is_unique_without_regard_to_case()
    {
        await _ada.GivenAsync(_ada.Registered);
        var again = _bo.Registered with { UserName = _ada.UserName.ToUpperInvariant() };
        Assert.Equal("user_name_taken", (await _bo.RefusalOfAsync(again)).Code);
    }

    [Fact]
    public async Task An_address_is_unique_without_regard_to_case()
    {
        await _ada.GivenAsync(_ada.Registered);
        var again = _bo.Registered with { Email = _ada.Email.ToUpperInvariant() };
        Assert.Equal("email_taken", (await _bo.RefusalOfAsync(again)).Code);
    }

    [Fact]
    public async Task A_refused_registration_claims_no_name()
    {
        await _ada.GivenAsync(_ada.Registered);
        await _bo.RefusalOfAsync(_bo.Registered with { Email = _ada.Email });
        await _bo.GivenAsync(_bo.Registered);
    }

    [Fact]
    public async Task Both_names_lead_to_the_account()
    {
        await _ada.GivenAsync(_ada.Registered with { Email = _ada.Email.ToUpperInvariant() });
        var named = await log.Log.Reader.FindNameAsync(
            Account.UserNameScope,
            _ada.UserName,
            TestContext.Current.CancellationToken
        );
        Assert.Equal((_ada.Account, _ada.Account), (named, await HolderAsync(_ada.Email)));
    }

    [Fact]
    public async Task An_erased_account_frees_both_names()
    {
        await _ada.GivenAsync(_ada.Registered, new EraseAccount(_ada.Account, "hash"));
        await _ada.GivenAsync(_ada.Registered with { AccountId = Guid.CreateVersion7() });
    }

    [Fact]
    public async Task Registering_asks_for_a_proof_and_claims_no_address()
    {
        Assert.Equal<DomainEvent>(
            [
                new AccountRegistered(_ada.Account, _ada.UserName, null, "hash"),
                new EmailProofRequested(_ada.Account, _proof, _ada.Email, _ada.Now, _ada.Now + EmailProof.Life),
            ],
            await _ada.EventsOfAsync(Registered)
        );
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
    public async Task Another_address_needs_the_password_and_takes_the_place_of_the_first_when_it_is_proven()
    {
        await _ada.GivenAsync(_ada.Registered);
        var wrong = Another(_proof) with { ShownHash = "another" };
        Assert.Equal(AccountRefusals.PasswordWrong, await _ada.RefusalOfAsync(wrong));
        var same = Another(_proof) with { Email = _ada.Email };
        Assert.Equal(AccountRefusals.NothingToProve, await _ada.RefusalOfAsync(same));
        await _ada.GivenAsync(Another(_proof));
        Assert.Equal(_ada.Account, await HolderAsync(_ada.Email));
        Assert.Equal([new EmailProven(_ada.Account, Other, _ada.Email)], await _ada.EventsOfAsync(Proven));
        Assert.Equal((null, _ada.Account), (await HolderAsync(_ada.Email), await HolderAsync(Other)));
        var repeat = new RepeatEmailProof(_ada.Account, Guid.CreateVersion7());
        Assert.Equal(AccountRefusals.NothingToProve, await _ada.RefusalOfAsync(repeat));
    }

    [Fact]
    public async Task An_erased_account_frees_what_it_has_proven_and_proves_nothing_more()
    {
        await _ada.GivenAsync(Registered, Proven);
        _ada.Now += EmailProof.WaitMin;
        var next = Guid.CreateVersion7();
        await _ada.GivenAsync(Another(next), new EraseAccount(_ada.Account, "hash"));
        Assert.Null(await HolderAsync(_ada.Email));
        var proven = new ProveEmail(_ada.Account, next);
        Assert.Equal(AccountRefusals.ProofTokenInvalid, await _ada.RefusalOfAsync(proven));
    }

    [Fact]
    public async Task An_account_erased_before_it_proved_its_address_leaves_the_holder_of_that_address_alone()
    {
        await _bo.GivenAsync(_bo.Registered with { Email = _ada.Email });
        await _ada.GivenAsync(Registered, new EraseAccount(_ada.Account, "hash"));
        Assert.Equal(_bo.Account, await HolderAsync(_ada.Email));
    }
}
