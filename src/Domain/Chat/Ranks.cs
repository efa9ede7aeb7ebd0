namespace Veza.Domain.Chat;

/// <summary>
/// Orders roles and channels by numbers. One that moves gets a number between those of its new neighbours, and the
/// others keep theirs; after some fifty moves to one place there is no number left, and all are numbered anew.
/// </summary>
/// <remarks>Each order has a lowest one, with the rank <see cref="Lowest"/>, that does not move.</remarks>
public static class Ranks
{
    public const double Lowest = 0;

    /// <summary>A rank above all others.</summary>
    public static double AboveAll(IReadOnlyDictionary<Guid, double> ranks) => Math.Floor(ranks.Values.Max()) + 1;

    /// <summary>The lowest rank but that of the lowest one.</summary>
    public static double AboveLowest(IReadOnlyDictionary<Guid, double> ranks) => Above(Ordered(ranks, except: null), 0);

    /// <param name="id">It may be new in this order.</param>
    /// <returns>The ranks that change; none when it is there already, or the other one is in another order.</returns>
    public static IEnumerable<(Guid Id, double Rank)> Move(
        IReadOnlyDictionary<Guid, double> ranks,
        Guid id,
        Guid aboveId
    )
    {
        var others = Ordered(ranks, except: id);
        var place = others.FindIndex(other => other.Id == aboveId);
        if (place < 0 || ranks.TryGetValue(id, out var now) && Fits(now, others, place))
            return [];
        var rank = Above(others, place);
        if (Fits(rank, others, place))
            return [(id, rank)];
        others.Insert(place + 1, (id, double.NaN));
        return others.Select((other, i) => (other.Id, Rank: (double)i)).Where(other => !HasRank(ranks, other));
    }

    private static bool HasRank(IReadOnlyDictionary<Guid, double> ranks, (Guid Id, double Rank) other) =>
        ranks.TryGetValue(other.Id, out var rank) && rank == other.Rank;

    private static List<(Guid Id, double Rank)> Ordered(IReadOnlyDictionary<Guid, double> ranks, Guid? except) =>
        [.. ranks.Where(rank => rank.Key != except).Select(rank => (rank.Key, rank.Value)).OrderBy(rank => rank.Value)];

    private static double Above(List<(Guid Id, double Rank)> ranks, int place) =>
        place + 1 == ranks.Count ? ranks[place].Rank + 1 : (ranks[place].Rank + ranks[place + 1].Rank) / 2;

    /// <summary>Whether a rank is above that of one and below that of the next.</summary>
    private static bool Fits(double rank, List<(Guid Id, double Rank)> ranks, int place) =>
        rank > ranks[place].Rank && (place + 1 == ranks.Count || rank < ranks[place + 1].Rank);
}
