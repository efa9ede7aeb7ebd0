namespace Veza.EventStore.Coordination;

/// <summary>What a node knows of the others when it decides what to run.</summary>
/// <param name="Candidates">The living nodes, each with the names it can run.</param>
/// <param name="Owners">Every name, with the living node that runs it; null when none does.</param>
/// <param name="LeaseEndsIn">When the first of their leases ends, unless it is renewed before.</param>
internal sealed record ClusterView(
    IReadOnlyDictionary<Guid, IReadOnlySet<string>> Candidates,
    IReadOnlyDictionary<string, Guid?> Owners,
    TimeSpan LeaseEndsIn
);

/// <summary>
/// Which names a node takes and which it gives up, so that each living node that can run them has about as many.
/// </summary>
/// <remarks>
/// Every node decides for itself. Two that want the same name ask the database, where one of them gets it.
/// </remarks>
internal static class Assignment
{
    /// <param name="leftBefore">
    /// Names that nobody ran the last time either: those who had room have not taken them, so anybody does.
    /// </param>
    public static (List<string> Take, List<string> GiveUp) Decide(
        Guid me,
        ClusterView roll,
        IReadOnlySet<string> leftBefore
    )
    {
        var room = roll.Candidates.ToDictionary(
            c => c.Key,
            c => Share(c.Value, roll) - roll.Owners.Values.Count(owner => owner == c.Key)
        );
        var mine = room.GetValueOrDefault(me);
        List<string> take = [],
            giveUp = [];
        foreach (var (name, owner) in roll.Owners.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            if (!roll.Candidates.TryGetValue(me, out var runs) || !runs.Contains(name))
                continue;
            if (owner is null && (mine > take.Count || leftBefore.Contains(name)))
                take.Add(name);
            if (owner != me || -mine <= giveUp.Count)
                continue;
            var other = roll
                .Candidates.Where(c => c.Key != me && c.Value.Contains(name) && room[c.Key] > 0)
                .Select(c => c.Key)
                .FirstOrDefault();
            if (other == default)
                continue;
            room[other]--;
            giveUp.Add(name);
        }
        return (take, giveUp);
    }

    // Each name counts as divided among all that can run it; rounded up, so that together they have room for all.
    private static int Share(IReadOnlySet<string> runs, ClusterView roll) =>
        (int)Math.Ceiling(runs.Sum(name => 1.0 / roll.Candidates.Values.Count(other => other.Contains(name))) - 1e-6);
}
