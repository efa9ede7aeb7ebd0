using Veza.Fixtures;
using Veza.Projections.Social.Follows;
using static Veza.Projections.Tests.SocialSetting;

namespace Veza.Projections.Tests.Social;

public class FollowsTests(TestLog log)
{
    private readonly SocialSetting _social = new();
    private readonly FollowQueries _follows = new(log.Views);

    [Fact]
    public async Task Those_one_follows_come_newest_first()
    {
        await Happen(_social.Given());
        Assert.Equal(
            [("cleo", _social.Cleo), ("bo", _social.Bo)],
            Accounts(await _follows.FollowingAsync(_social.Ana, null, 10, CancellationToken.None))
        );
        Assert.Empty(await _follows.FollowingAsync(_social.Bo, null, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Followers_come_newest_first_and_in_pages()
    {
        await Happen(_social.Given(Follows(_social.Cleo, _social.Bo), Follows(_social.Dora, _social.Bo)));
        var first = await _follows.FollowersAsync(_social.Bo, null, 2, CancellationToken.None);
        Assert.Equal([("dora", _social.Dora), ("cleo", _social.Cleo)], Accounts(first));
        Assert.Equal(
            [("ana", _social.Ana)],
            Accounts(await _follows.FollowersAsync(_social.Bo, first[^1].Position, 2, CancellationToken.None))
        );
    }

    [Fact]
    public async Task An_account_that_stopped_following_is_not_listed()
    {
        await Happen(_social.Given(Unfollows(_social.Ana, _social.Bo)));
        Assert.Empty(await _follows.FollowersAsync(_social.Bo, null, 10, CancellationToken.None));
    }

    [Fact]
    public async Task An_account_that_follows_again_is_listed_as_the_newest()
    {
        await Happen(_social.Given(Unfollows(_social.Ana, _social.Bo), Follows(_social.Ana, _social.Bo)));
        Assert.Equal(
            [("bo", _social.Bo), ("cleo", _social.Cleo)],
            Accounts(await _follows.FollowingAsync(_social.Ana, null, 10, CancellationToken.None))
        );
    }

    private async Task Happen(object[] steps)
    {
        await log.Given(steps).PlayAsync();
        await log.ProjectedAsync();
    }

    private static IEnumerable<(string, Guid)> Accounts(List<FollowView> views) =>
        views.Select(v => (v.Account.UserName, v.Account.Id));
}
