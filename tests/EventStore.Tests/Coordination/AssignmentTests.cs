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
    private int Decide(params IReadOnlyList<(Guid Node, string[] Runs)> living)
    {
        var moved = 0;
        foreach (var (node, _) in living)
        {
            var candidates = living.ToDictionary(l => l.Node, l => (IReadOnlySet<string>)l.Runs.ToHashSet());
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
        var both = All(0, 1).ToDictionary(l => l.Item1, l => (IReadOnlySet<string>)l.Item2.ToHashSet());
        var unowned = new ClusterView(both, Names.ToDictionary(n => n, _ => (Guid?)null), WorkCoordinator.LeaseFor);
        var (first, _) = Assignment.Decide(Nodes[0], unowned, new HashSet<string>());
        Assert.Equal(12, first.Count);
        var (second, _) = Assignment.Decide(Nodes[0], unowned, Names.ToHashSet());
        Assert.Equal(Names.Length, second.Count);
    }
}
