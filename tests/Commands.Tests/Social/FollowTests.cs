using Veza.Commands.Social.Follows;
using Veza.Domain.Accounts;
using Veza.Domain.Social.Follows;
using Veza.Fixtures;

namespace Veza.Commands.Tests.Social;

public class FollowTests(Rules rules)
{
    private readonly Guid _ana = Guid.CreateVersion7();
    private readonly Guid _bo = Guid.CreateVersion7();

    private Happened Registered =>
        Happened.To<Account>(_bo, new AccountRegistered(_bo, $"bo-{_bo:N}", $"{_bo:N}@example.org", "hash"));
    private FollowAccount Follow => new(_ana, _bo);
    private UnfollowAccount Unfollow => new(_ana, _bo);

    [Fact]
    public Task An_account_follows_another() => rules.Given(Registered).When(Follow).Then(new FollowStarted(_ana, _bo));

    [Fact]
    public Task Following_again_changes_nothing() => rules.Given(Registered, Follow).When(Follow).ThenNothing();

    [Fact]
    public Task An_unknown_account_cannot_be_followed() => rules.Given().When(Follow).ThenRefused("account_unknown");

    [Fact]
    public Task An_account_cannot_follow_itself() =>
        rules.Given(Registered).When(new FollowAccount(_bo, _bo)).ThenRefused(FollowRefusals.CannotFollowSelf);

    [Fact]
    public Task Following_can_be_ended() =>
        rules.Given(Registered, Follow).When(Unfollow).Then(new FollowStopped(_ana, _bo));

    [Fact]
    public Task Ending_what_is_not_there_changes_nothing() => rules.Given(Registered).When(Unfollow).ThenNothing();

    [Fact]
    public Task Ending_it_twice_changes_nothing() =>
        rules.Given(Registered, Follow, Unfollow).When(Unfollow).ThenNothing();

    [Fact]
    public Task One_can_follow_again_later() =>
        rules.Given(Registered, Follow, Unfollow).When(Follow).Then(new FollowStarted(_ana, _bo));

    [Fact]
    public Task Following_back_is_a_following_of_its_own() =>
        rules
            .Given(
                Registered,
                Happened.To<Account>(
                    _ana,
                    new AccountRegistered(_ana, $"ana-{_ana:N}", $"{_ana:N}@example.org", "hash")
                ),
                Follow
            )
            .When(new FollowAccount(_bo, _ana))
            .Then(new FollowStarted(_bo, _ana));
}
