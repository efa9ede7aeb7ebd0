using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Live;

public class BroadcastLimitTests(Rules rules)
{
    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly Guid _first = Guid.CreateVersion7();

    private CreateBroadcast First => new(_first, _owner, "Late show");
    private CreateBroadcast Another => new(Guid.CreateVersion7(), _owner, "Later show");
    private object[] AllThereMayBe => [First, .. Enumerable.Range(1, Broadcast.OpenMax - 1).Select(_ => Another)];

    [Fact]
    public Task An_account_opens_no_more_broadcasts_than_its_limit() =>
        rules.Given(AllThereMayBe).When(Another).ThenRefused(BroadcastRefusals.TooMany);

    [Fact]
    public Task Another_account_still_opens_one() =>
        rules
            .Given([.. AllThereMayBe, new CreateBroadcast(Guid.CreateVersion7(), Guid.CreateVersion7(), "Elsewhere")])
            .PlayAsync();

    [Fact]
    public async Task One_that_ended_makes_room_for_exactly_one()
    {
        object[] given = [.. AllThereMayBe, new StopBroadcast(_first, _owner), Another];
        await rules.Given(given).When(Another).ThenRefused(BroadcastRefusals.TooMany);
    }

    [Fact]
    public async Task A_moderator_ends_any_broadcast_and_the_log_records_the_moderator()
    {
        var moderator = Guid.CreateVersion7();
        await rules
            .Given(First)
            .When(new StopBroadcast(_first, moderator, Moderates: true))
            .Then(
                new BroadcastTakenDown(_first, _owner, moderator),
                new BroadcastEnded(_first, _owner, BroadcastEnd.TakenDown)
            );
        await rules.Given().When(new StopBroadcast(_first, moderator)).ThenRefused(BroadcastRefusals.NotTheOwner);
    }

    [Fact]
    public async Task No_source_connects_to_a_broadcast_of_an_account_that_is_out()
    {
        var registered = Happened.To<Account>(
            _owner,
            new AccountRegistered(_owner, $"bo-{_owner:N}", $"{_owner:N}@example.org", "hash")
        );
        var suspended = Happened.To<Account>(_owner, new AccountSuspended(_owner, Guid.CreateVersion7(), "spam"));
        var ended = Happened.To<Account>(
            _owner,
            new AccountSuspensionEnded(_owner, Guid.CreateVersion7(), "a mistake")
        );
        await rules
            .Given(registered, First, suspended)
            .When(new ConnectSource(_first, "audio/mpeg"))
            .ThenRefused("account_suspended");
        await rules
            .Given(ended)
            .When(new ConnectSource(_first, "audio/mpeg"))
            .Then(new BroadcastStarted(_first, _owner, "audio/mpeg"));
        var erased = Happened.To<Account>(_owner, new AccountErased(_owner));
        await rules.Given(erased).When(new ConnectSource(_first, "audio/mpeg")).ThenRefused("session_ended");
    }
}
