using Veza.Domain.Chat;
using Veza.Domain.Chat.Communities;
using Veza.Domain.Chat.Members;
using Veza.Domain.Chat.Roles;

namespace Veza.Domain.Tests.Chat;

public class RanksTests
{
    private static readonly Guid OwnerId = Guid.CreateVersion7();
    private static readonly Guid[] RoleIds = [.. Enumerable.Range(0, 4).Select(_ => Guid.CreateVersion7())];

    private static Community New() => Community.Create(new CommunityCreated(Guid.CreateVersion7(), OwnerId, "x"));

    private static Community WithFour()
    {
        var community = New();
        foreach (var id in RoleIds)
            community = Created(community, id);
        return community;
    }

    private static Community Created(Community community, Guid id) =>
        community.Apply(
            new RoleCreated(
                community.Id,
                id,
                OwnerId,
                "r",
                0,
                Ranks.AboveLowest(community.RoleRanks()),
                0,
                false,
                false
            )
        );

    private static Community Moved(Community community, Guid role, Guid above) =>
        Ranks
            .Move(community.RoleRanks(), role, above)
            .Aggregate(community, (c, move) => c.Apply(new RoleMoved(c.Id, move.Id, OwnerId, move.Rank)));

    private static List<Guid> Order(Community community) =>
        [.. community.Roles.Values.OrderBy(role => role.Rank).Skip(1).Select(role => role.Id)];

    [Fact]
    public void A_new_role_is_the_lowest_but_that_of_everyone() => Assert.Equal(RoleIds.Reverse(), Order(WithFour()));

    [Fact]
    public void Any_role_goes_to_just_above_any_other_and_the_others_keep_their_order()
    {
        foreach (var role in RoleIds)
        foreach (var above in RoleIds.Except([role]))
        {
            var expected = Order(WithFour());
            expected.Remove(role);
            expected.Insert(expected.IndexOf(above) + 1, role);
            Assert.Equal(expected, Order(Moved(WithFour(), role, above)));
        }
    }

    [Fact]
    public void To_the_lowest_place_it_goes_above_everyone()
    {
        var community = WithFour();
        Assert.Equal(RoleIds[0], Order(Moved(community, RoleIds[0], community.Id))[0]);
    }

    [Fact]
    public void A_role_that_is_there_already_does_not_move()
    {
        var community = WithFour();
        Assert.Empty(Ranks.Move(community.RoleRanks(), RoleIds[1], RoleIds[2]));
        Assert.Empty(Ranks.Move(community.RoleRanks(), RoleIds[1], RoleIds[1]));
        Assert.Empty(Ranks.Move(community.RoleRanks(), RoleIds[3], community.Id));
    }

    [Fact]
    public void When_no_number_is_left_between_two_all_are_numbered_anew()
    {
        var community = WithFour();
        for (var i = 0; i < 200; i++)
        {
            // Each goes between the other two, so that the gap halves.
            var order = Order(community);
            var moves = Ranks.Move(community.RoleRanks(), order[2], order[0]).ToList();
            Assert.NotEmpty(moves);
            community = Moved(community, order[2], order[0]);
            Assert.Equal([order[0], order[2], order[1], order[3]], Order(community));
        }
    }

    [Fact]
    public void As_many_roles_as_a_community_may_have_fit_below_each_other()
    {
        var community = New();
        var made = new List<Guid>();
        while (community.Roles.Count < Community.RolesMax)
        {
            made.Insert(0, Guid.CreateVersion7());
            community = Created(community, made[0]);
        }
        Assert.Equal(made, Order(community));
    }
}
