using System.Collections.Immutable;

namespace Veza.Domain.Chat.Roles;

/// <summary>
/// Places roles in order. A role moves by one number between those of its new neighbours, and the others keep theirs;
/// after some fifty moves to one place there is no number left, and all are numbered anew.
/// </summary>
public static class Ranks
{
    /// <summary>The rank of a new role: the lowest but that of everyone.</summary>
    public static double AboveEveryone(ImmutableDictionary<Guid, Role> roles) => Above(Ordered(roles, except: null), 0);

    /// <returns>The roles whose rank changes; none when the role is there already.</returns>
    public static IEnumerable<(Guid RoleId, double Rank)> Move(
        ImmutableDictionary<Guid, Role> roles,
        Guid roleId,
        Guid aboveId
    )
    {
        var role = roles[roleId];
        var others = Ordered(roles, except: roleId);
        var place = others.FindIndex(other => other.Id == aboveId);
        if (place < 0 || Fits(role.Rank, others, place))
            return [];
        var rank = Above(others, place);
        if (Fits(rank, others, place))
            return [(roleId, rank)];
        others.Insert(place + 1, role);
        return others
            .Select((other, i) => (RoleId: other.Id, Rank: (double)i))
            .Where(other => roles[other.RoleId].Rank != other.Rank);
    }

    private static List<Role> Ordered(ImmutableDictionary<Guid, Role> roles, Guid? except) =>
        [.. roles.Values.Where(role => role.Id != except).OrderBy(role => role.Rank)];

    private static double Above(List<Role> roles, int place) =>
        place + 1 == roles.Count ? roles[place].Rank + 1 : (roles[place].Rank + roles[place + 1].Rank) / 2;

    /// <summary>Whether a rank is above that of a role and below that of the next one.</summary>
    private static bool Fits(double rank, List<Role> roles, int place) =>
        rank > roles[place].Rank && (place + 1 == roles.Count || rank < roles[place + 1].Rank);
}
