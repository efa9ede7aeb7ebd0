using Veza.EventStore.Coordination;

namespace Veza.EventStore.Tests.Coordination;

public class AssignmentTests
{
    private static readonly Guid[] Nodes = [.. Enumerable.Range(1, 5).Select(i => new Guid(i, 0, 0, new byte[8]))];
    private static readonly string[] Names = [.. Enumerable.Range(1, 23).Select(i => $"p{i:00}.v1")];

    private readonly Dictionary<string, Guid?> _owners = Names.ToDictionary(n => n, _ => (Guid?)null);
    private readonly Dictionary<Guid, HashSet<string>> _left = Nodes.ToDictionary(n => n, _ => new HashSet<string>());

    /// <summary>
    /// Each living node decides once, in turn. The next one reads from the table what it took and released.
    /// </summary>
    private int Decide(params IReadOnlyList<(Guid Node, string[] Runs)> living) =>
        DecideAged([.. living.Select(l => (l.Node, l.Runs, TimeSpan.Zero))]);

    private int DecideAged(params IReadOnlyList<(Guid Node, string[] Runs, TimeSpan Age)> living)
    {
        var moved = 0;
        foreach (var (node, _, _) in living)
        {
            var candidates = living.ToDictionary(l => l.Node, l => new Candidate(l.Runs.ToHashSet(), l.Age));
            var roll = new ClusterView(
                candidates,
                _owners.ToDictionary(
                    o => o.Key,
                    o => o.Value is { } owner && candidates.ContainsKey(owner) ? o.Value : null
                ),
                WorkCoordinator.LeaseFor
            );
            var (take, giveUp) = Assignment.Decide(node, roll, _left[node]);
            foreach (var name in take)
                _owners[name] = node;
            foreach (var name in giveUp)
                _owners[name] = null;
            _left[node] = [.. roll.Owners.Where(o => o.Value is null && !take.Contains(o.Key)).Select(o => o.Key)];
            moved += take.Count + giveUp.Count;
        }
        return moved;
    }

    private int Count(Guid node) => _owners.Values.Count(o => o == node);

    private static (Guid, string[])[] All(params int[] nodes) => [.. nodes.Select(n => (Nodes[n], Names))];

    [Fact]
    public void One_node_runs_all()
    {
        Decide(All(0));
        Assert.Equal(Names.Length, Count(Nodes[0]));
    }

    [Fact]
    public void Nodes_that_come_and_go_share_about_evenly_and_then_rest()
    {
        Decide(All(0));
        foreach (
            var living in (int[][])
                [
                    [0, 1],
                    [0, 1, 2],
                    [1, 2],
                    [1, 2, 3, 4],
                    [4],
                    [0, 1, 2, 3, 4],
                ]
        )
        {
            for (var round = 0; round < 4; round++)
                Decide(All(living));
            Assert.All(_owners, o => Assert.Contains(o.Value!.Value, living.Select(n => Nodes[n])));
            Assert.All(living, n =>
                Assert.InRange(
                    Count(Nodes[n]),
                    Names.Length / living.Length - living.Length,
                    (Names.Length + living.Length - 1) / living.Length
                )
            );
            Assert.Equal(0, Decide(All(living)));
        }
    }

    [Fact]
    public void A_node_takes_only_what_it_can_run()
    {
        for (var round = 0; round < 4; round++)
            Decide((Nodes[0], Names[..20]), (Nodes[1], Names[10..]));
        Assert.All(Names[..10], n => Assert.Equal(Nodes[0], _owners[n]));
        Assert.All(Names[20..], n => Assert.Equal(Nodes[1], _owners[n]));
        Assert.All(_owners, o => Assert.NotNull(o.Value));
    }

    [Fact]
    public void A_dead_nodes_work_is_taken_though_those_with_room_do_not_take_it()
    {
        Decide(All(0));
        // The second node is alive and has capacity, but never decides.
        var both = All(0, 1).ToDictionary(l => l.Item1, l => new Candidate(l.Item2.ToHashSet(), TimeSpan.Zero));
        var unowned = new ClusterView(both, Names.ToDictionary(n => n, _ => (Guid?)null), WorkCoordinator.LeaseFor);
        var (first, _) = Assignment.Decide(Nodes[0], unowned, new HashSet<string>());
        Assert.Equal(12, first.Count);
        var (second, _) = Assignment.Decide(Nodes[0], unowned, Names.ToHashSet());
        Assert.Equal(Names.Length, second.Count);
    }

    [Fact]
    public void A_node_that_has_just_started_is_given_nothing_that_an_older_one_runs()
    {
        Decide(All(0));
        var old = (Nodes[0], Names, TimeSpan.FromDays(1));
        Assert.Equal(0, DecideAged(old, (Nodes[1], Names, Assignment.EstablishedAfter - TimeSpan.FromSeconds(1))));
        for (var round = 0; round < 4; round++)
            DecideAged(old, (Nodes[1], Names, Assignment.EstablishedAfter));
        Assert.Equal(11, Count(Nodes[1]));
    }

    [Fact]
    public void A_node_that_has_just_started_takes_its_share_of_what_an_older_one_leaves()
    {
        for (var round = 0; round < 4; round++)
            Decide(All(0, 1));
        // The second node stops, and the third is of the next release.
        foreach (var name in Names.Where(n => _owners[n] == Nodes[1]))
            _owners[name] = null;
        var before = Count(Nodes[0]);
        DecideAged((Nodes[0], Names, TimeSpan.FromDays(1)), (Nodes[2], Names, TimeSpan.Zero));
        Assert.Equal((before, Names.Length - before), (Count(Nodes[0]), Count(Nodes[2])));
    }
}
