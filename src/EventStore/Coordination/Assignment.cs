namespace Veza.EventStore.Coordination;

/// <summary>The living nodes and their work, as a node last read them.</summary>
/// <param name="Candidates">The living nodes, each with the names it can run.</param>
/// <param name="Owners">Each name's living node; null when none runs it.</param>
/// <param name="LeaseEndsIn">Until the first of their leases ends, unless it is renewed.</param>
internal sealed record ClusterView(
    IReadOnlyDictionary<Guid, IReadOnlySet<string>> Candidates,
    IReadOnlyDictionary<string, Guid?> Owners,
    TimeSpan LeaseEndsIn
);

/// <summary>
/// Decides which work a node takes and gives up, so that each living node that can run it has about as much.
/// </summary>
/// <remarks>
/// A pure function: every node decides for itself. Of two that want the same name, the database gives it to one.
/// </remarks>
internal static class Assignment
{
    /// <param name="leftBefore">
    /// Names without a node the last time too: those with room have not taken them, so any node does.
    /// </param>
    public static (List<string> Take, List<string> GiveUp) Decide(
        Guid me,
        ClusterView cluster,
        IReadOnlySet<string> leftBefore
    )
    {
        var room = cluster.Candidates.ToDictionary(
            c => c.Key,
            c => Share(c.Value, cluster) - cluster.Owners.Values.Count(owner => owner == c.Key)
        );
        var mine = room.GetValueOrDefault(me);
        List<string> take = [],
            giveUp = [];
        foreach (var (name, owner) in cluster.Owners.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            if (!cluster.Candidates.TryGetValue(me, out var runs) || !runs.Contains(name))
                continue;
            if (owner is null && (mine > take.Count || leftBefore.Contains(name)))
                take.Add(name);
            if (owner != me || -mine <= giveUp.Count)
                continue;
            var other = cluster
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
    private static int Share(IReadOnlySet<string> runs, ClusterView cluster) =>
        (int)
            Math.Ceiling(runs.Sum(name => 1.0 / cluster.Candidates.Values.Count(other => other.Contains(name))) - 1e-6);
}
