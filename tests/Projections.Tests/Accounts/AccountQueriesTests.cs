using Veza.Commands.Accounts;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Appending;
using Veza.Fixtures;
using Veza.Projections.Accounts;

namespace Veza.Projections.Tests.Accounts;

public class AccountQueriesTests(TestLog log)
{
    private readonly Guid _ada = Guid.CreateVersion7();
    private readonly Guid _bob = Guid.CreateVersion7();

    private AccountQueries Queries => new(log.Views);

    [Fact]
    public async Task An_account_is_shown_with_its_names_roles_and_counts()
    {
        await RegisterAsync(_ada);
        await SendAsync(new GrantRole(_ada, PlatformRole.Operator));
        await SendAsync(new GrantRole(_ada, PlatformRole.Analyst));
        await AppendAsync(
            new FollowStarted(_bob, _ada),
            new FollowStarted(_ada, _bob),
            new FollowStarted(Guid.CreateVersion7(), _ada),
            new FollowStopped(_bob, _ada),
            Track()
        );
        await log.ProjectedAsync();
        var name = _ada.ToString("N");
        var own = await Queries.FindOwnAsync(_ada, TestContext.Current.CancellationToken);
        Assert.Equal(
            (_ada, name, $"{name}@example.org", 1, 1, 1),
            (own!.Id, own.UserName, own.Email, own.Followers, own.Following, own.Tracks)
        );
        Assert.Equal(["user", "analyst", "operator"], own.Roles);
        Assert.Equal(
            new AccountView(_ada, name, own.CreatedAt, 1, 1, 1),
            await Queries.FindAsync(_ada, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task An_account_that_did_nothing_yet_counts_nothing()
    {
        await RegisterAsync(_ada);
        await log.ProjectedAsync();
        var own = await Queries.FindOwnAsync(_ada, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0, 0), (own!.Followers, own.Following, own.Tracks));
        Assert.Equal(["user"], own.Roles);
    }

    [Fact]
    public async Task An_account_that_is_not_there_is_not_shown()
    {
        Assert.Null(await Queries.FindAsync(_bob, TestContext.Current.CancellationToken));
        Assert.Null(await Queries.FindOwnAsync(_bob, TestContext.Current.CancellationToken));
    }

    private TrackUploaded Track() =>
        new(Guid.CreateVersion7(), _ada, "Take five", null, null, 1, "00", 1, "flac", 44_100, 2);

    private Task RegisterAsync(Guid account) =>
        SendAsync(new RegisterAccount(account, account.ToString("N"), $"{account:N}@example.org", "hash"));

    private async Task SendAsync<TCommand>(TCommand command)
        where TCommand : notnull =>
        Assert.IsType<Commands.Dispatching.CommandResult.Done>(
            await log.CommandBus.SendAsync(
                command,
                new(Guid.CreateVersion7(), null),
                null,
                TestContext.Current.CancellationToken
            )
        );

    /// <summary>Events that commands of another capability would add.</summary>
    private async Task AppendAsync(params DomainEvent[] events)
    {
        foreach (var e in events)
            Assert.IsType<AppendOutcome.Accepted>(
                await log.Log.Appender.AppendAsync(
                    new(Guid.CreateVersion7(), [new(Guid.CreateVersion7(), "test", 0, [e])], [])
                )
            );
    }
}
