using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Domain.Accounts;
using Veza.Domain.Live.Broadcasts;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Live;

public class BroadcastLimitTests(TestLog log)
{
    private readonly Guid _owner = Guid.CreateVersion7();
    private readonly Guid _first = Guid.CreateVersion7();

    private CreateBroadcast First => new(_first, _owner, "Late show");
    private CreateBroadcast Another => new(Guid.CreateVersion7(), _owner, "Later show");
    private object[] AllThereMayBe => [First, .. Enumerable.Range(1, Broadcast.OpenMax - 1).Select(_ => Another)];

    [Fact]
    public Task An_account_opens_no_more_broadcasts_than_its_limit() =>
        log.Given(AllThereMayBe).When(Another).ThenRefused(BroadcastRefusals.TooMany);

    [Fact]
    public Task Another_account_still_opens_one() =>
        log.Given([.. AllThereMayBe, new CreateBroadcast(Guid.CreateVersion7(), Guid.CreateVersion7(), "Elsewhere")]).PlayAsync();

    [Fact]
    public async Task One_that_ended_makes_room_for_exactly_one()
    {
        object[] given = [.. AllThereMayBe, new StopBroadcast(_first, _owner), Another];
        await log.Given(given).When(Another).ThenRefused(BroadcastRefusals.TooMany);
    }

    [Fact]
    public async Task Broadcasts_opened_at_once_are_counted_one_by_one()
    {
        var sent = Enumerable.Range(0, 4 * Broadcast.OpenMax).Select(_ =>
            log.CommandBus.SendAsync(Another, new(Guid.CreateVersion7(), AccountId: null), null, CancellationToken.None));
        var results = await Task.WhenAll(sent);
        Assert.Equal(Broadcast.OpenMax, results.Count(r => r is CommandResult.Done));
    }

    [Fact]
    public async Task A_moderator_ends_anybodys_broadcast_and_the_log_says_who_did()
    {
        var moderator = Guid.CreateVersion7();
        await log.Given(First).When(new StopBroadcast(_first, moderator, Moderates: true)).Then(
            new BroadcastTakenDown(_first, _owner, moderator),
            new BroadcastEnded(_first, _owner, BroadcastEnd.TakenDown));
        await log.Given().When(new StopBroadcast(_first, moderator)).ThenRefused(BroadcastRefusals.NotTheOwner);
    }

    [Fact]
    public async Task No_source_connects_to_a_broadcast_of_an_account_that_is_out()
    {
        var registered = Happened.To<Account>(_owner, new AccountRegistered(_owner, $"bo-{_owner:N}", $"{_owner:N}@example.org", "hash"));
        var suspended = Happened.To<Account>(_owner, new AccountSuspended(_owner, Guid.CreateVersion7(), "spam"));
        var ended = Happened.To<Account>(_owner, new AccountSuspensionEnded(_owner, Guid.CreateVersion7(), "a mistake"));
        await log.Given(registered, First, suspended).When(new ConnectSource(_first, "audio/mpeg")).ThenRefused("account_suspended");
        await log.Given(ended).When(new ConnectSource(_first, "audio/mpeg")).Then(new BroadcastStarted(_first, _owner, "audio/mpeg"));
        var erased = Happened.To<Account>(_owner, new AccountErased(_owner));
        await log.Given(erased).When(new ConnectSource(_first, "audio/mpeg")).ThenRefused("session_ended");
    }
}
