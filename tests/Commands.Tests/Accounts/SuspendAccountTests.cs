using Veza.Commands.Accounts;
using Veza.Commands.Dispatching;
using Veza.Commands.Social.Follows;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Social.Follows;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Accounts;

public class SuspendAccountTests(Rules rules)
{
    private readonly AccountSetting _ada = new(rules);
    private readonly AccountSetting _operator = new(rules);

    private SuspendAccount Suspend => new(_ada.Account, _operator.Account, "sells followers");
    private EndSuspension End => new(_ada.Account, _operator.Account, "a mistake");

    [Fact]
    public async Task Suspending_ends_every_session_and_key()
    {
        var key = Guid.CreateVersion7();
        await GivenAsync(_ada.Started, new CreateApiKey(key, _ada.Account, "bot", ["messages:write"], "k", 1));
        Assert.Equal<DomainEvent>(
            [
                new AccountSuspended(_ada.Account, _operator.Account, "sells followers"),
                new SessionEnded(_ada.Session, _ada.Account, Session.AccountSuspended),
                new SessionEnded(key, _ada.Account, Session.AccountSuspended),
            ],
            await _ada.EventsOfAsync(Suspend)
        );
        Assert.Empty(await _ada.EventsOfAsync(Suspend));
    }

    [Fact]
    public async Task A_suspended_account_signs_in_nowhere_until_that_is_ended()
    {
        await GivenAsync(Suspend);
        Assert.Equal(CallerRefusals.Suspended, await _ada.RefusalOfAsync(_ada.Started));
        var key = new CreateApiKey(Guid.CreateVersion7(), _ada.Account, "bot", ["messages:write"], "k", 1);
        Assert.Equal(CallerRefusals.Suspended, await _ada.RefusalOfAsync(key));
        await _ada.GivenAsync(End, _ada.Started);
        Assert.Empty(await _ada.EventsOfAsync(End));
    }

    [Fact]
    public async Task A_suspension_ends_at_its_time_and_not_at_the_time_of_one_that_it_replaced()
    {
        var (soon, later) = (rules.Now.AddHours(1), rules.Now.AddDays(1));
        await GivenAsync(Suspend with { Until = soon });
        Assert.Equal<DomainEvent>(
            [new AccountSuspended(_ada.Account, _operator.Account, "sells followers", later)],
            await _ada.EventsOfAsync(Suspend with { Until = later })
        );
        Assert.Empty(await _ada.EventsOfAsync(Suspend with { Until = later }));

        Assert.Empty(await _ada.EventsOfAsync(new ExpireSuspension(_ada.Account, soon)));
        Assert.Equal<DomainEvent>(
            [new AccountSuspensionExpired(_ada.Account)],
            await _ada.EventsOfAsync(new ExpireSuspension(_ada.Account, later))
        );
        Assert.Empty(await _ada.EventsOfAsync(new ExpireSuspension(_ada.Account, later)));
        await _ada.GivenAsync(_ada.Started);
    }

    [Fact]
    public async Task A_suspension_that_an_operator_ended_does_not_end_again()
    {
        await GivenAsync(Suspend with { Until = rules.Now.AddHours(1) }, End, Suspend);
        Assert.Empty(await _ada.EventsOfAsync(new ExpireSuspension(_ada.Account, rules.Now.AddHours(1))));
    }

    [Fact]
    public async Task A_suspension_ends_in_the_ten_years_to_come()
    {
        await GivenAsync();
        foreach (var until in (DateTimeOffset[])[rules.Now, rules.Now.AddDays(3651)])
        {
            var no = await _ada.RefusalOfAsync(Suspend with { Until = until });
            Assert.Equal("invalid", no.Code);
            Assert.Contains("3650 days", Assert.Single(no.Errors!["until"]), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Only_operators_suspend_and_never_themselves()
    {
        await GivenAsync();
        Assert.Equal(
            AccountRefusals.NotAnOperator,
            await _ada.RefusalOfAsync(Suspend with { OperatorId = _ada.Account })
        );
        Assert.Equal(AccountRefusals.NotAnOperator, await _ada.RefusalOfAsync(End with { OperatorId = _ada.Account }));
        Assert.Equal(
            AccountRefusals.CannotSuspendSelf,
            await _ada.RefusalOfAsync(Suspend with { AccountId = _operator.Account })
        );
        Assert.Equal("invalid", (await _ada.RefusalOfAsync(Suspend with { Reason = "" })).Code);
    }

    [Fact]
    public async Task Commands_of_a_suspended_or_erased_account_are_refused()
    {
        var follow = new FollowAccount(_ada.Account, _operator.Account);
        await GivenAsync(Suspend);
        await rules.Given().When(follow, by: _ada.Account).ThenRefused(CallerRefusals.Suspended);
        await _ada.GivenAsync(End);
        await rules.Given().When(follow, by: _ada.Account).Then(new FollowStarted(_ada.Account, _operator.Account));
        await _ada.GivenAsync(new EraseAccount(_ada.Account, "hash"));
        await rules.Given().When(follow, by: _ada.Account).ThenRefused(CallerRefusals.SessionEnded);
    }

    [Fact]
    public async Task A_key_in_force_stays_listed_however_many_came_and_went_after_it()
    {
        var kept = Guid.CreateVersion7();
        await GivenAsync(Key(kept));
        for (var i = 0; i < Account.ApiKeysRemembered + 1; i++)
        {
            var id = Guid.CreateVersion7();
            await _ada.GivenAsync(Key(id), new EndSession(id, Session.KeyRevoked));
        }
        Assert.Contains(
            new SessionEnded(kept, _ada.Account, Session.AccountErased),
            await _ada.EventsOfAsync(new EraseAccount(_ada.Account, "hash"))
        );
    }

    private CreateApiKey Key(Guid id) => new(id, _ada.Account, "bot", ["messages:write"], "k", 1);

    private async Task GivenAsync(params object[] more)
    {
        await _operator.GivenAsync(_operator.Registered with { Roles = [PlatformRole.Operator] });
        await _ada.GivenAsync([_ada.Registered, .. more]);
    }
}
