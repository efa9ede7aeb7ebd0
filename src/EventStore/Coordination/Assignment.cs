namespace Veza.EventStore.Coordination;

/// <summary>A living node.</summary>
/// <param name="Runs">The names it can run.</param>
/// <param name="Age">Since its first lease, or the first after one that ended.</param>
internal sealed record Candidate(IReadOnlySet<string> Runs, TimeSpan Age);

/// <summary>The living nodes and their work, as a node last read them.</summary>
/// <param name="Candidates">The living nodes.</param>
/// <param name="Owners">Each name's living node; null when none runs it.</param>
/// <param name="LeaseEndsIn">Until the first of their leases ends, unless it is renewed.</param>
internal sealed record ClusterView(
    IReadOnlyDictionary<Guid, Candidate> Candidates,
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
    /// <summary>
    /// A node of this age is given work that others run. A new release that is slow or fails is found before, by its
    /// requests, and must not hold up read models that older nodes serve from. Work that none runs it takes at any age.
    /// </summary>
    public static readonly TimeSpan EstablishedAfter = TimeSpan.FromMinutes(5);

    /// <summary>Nodes that started within this time are of one start, and share at once.</summary>
    public static readonly TimeSpan StartedTogetherWithin = TimeSpan.FromMinutes(1);

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
            c => Share(c.Value.Runs, cluster) - cluster.Owners.Values.Count(owner => owner == c.Key)
        );
        var mine = room.GetValueOrDefault(me);
        List<string> take = [],
            giveUp = [];
        foreach (var (name, owner) in cluster.Owners.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            if (!cluster.Candidates.TryGetValue(me, out var self) || !self.Runs.Contains(name))
                continue;
            if (owner is null && (mine > take.Count || leftBefore.Contains(name)))
                take.Add(name);
            if (owner != me || -mine <= giveUp.Count)
                continue;
            var other = cluster
                .Candidates.Where(c =>
                    c.Key != me && c.Value.Runs.Contains(name) && room[c.Key] > 0 && MayRelieve(self, c.Value)
                )
                .Select(c => c.Key)
                .FirstOrDefault();
            if (other == default)
                continue;
            room[other]--;
            giveUp.Add(name);
        }
        return (take, giveUp);
    }

    private static bool MayRelieve(Candidate owner, Candidate other) =>
        other.Age >= EstablishedAfter || owner.Age - other.Age <= StartedTogetherWithin;

    // Each name counts as divided among all that can run it; rounded up, so that together they have room for all.
    private static int Share(IReadOnlySet<string> runs, ClusterView cluster) =>
        (int)
            Math.Ceiling(
                runs.Sum(name => 1.0 / cluster.Candidates.Values.Count(other => other.Runs.Contains(name))) - 1e-6
            );
}
