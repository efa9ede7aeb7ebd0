using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Contention;

public class ContentionTests(FaultServer server)
{
    [Fact]
    public async Task A_thousand_copies_of_one_command_over_three_nodes_have_one_effect_and_equal_answers()
    {
        await using var trial = await server.BeginAsync();
        LocalNode[] nodes =
        [
            await trial.OpenNodeAsync("one"),
            await trial.OpenNodeAsync("two"),
            await trial.OpenNodeAsync("three"),
        ];
        trial.Watch(readers: 1);
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var request = MixedLoad.Repeatable(
                MixedLoad.Command((Guid.CreateVersion7(), 0, 2), (Guid.CreateVersion7(), 0, 1))
            );
            var answers = await Task.WhenAll(
                Enumerable.Range(0, 1000).Select(i => nodes[i % nodes.Length].AskAsync(request))
            );
            Assert.Equal(
                (1, 999),
                (answers.Count(a => a.Kind == AnswerKind.Accepted), answers.Count(a => a.Kind == AnswerKind.Repeated))
            );
        }
        await trial.HoldsAsync();
        Assert.Equal(
            3 * Extent.Rounds,
            (await LogAtEnd.ReadAsync(trial.ConnectionString, CancellationToken.None)).Rows.Count
        );
    }

    [Fact]
    public async Task Sixty_four_writers_on_one_stream_over_three_nodes_write_its_versions_one_after_the_other()
    {
        await using var trial = await server.BeginAsync();
        LocalNode[] nodes =
        [
            await trial.OpenNodeAsync("one"),
            await trial.OpenNodeAsync("two"),
            await trial.OpenNodeAsync("three"),
        ];
        trial.Watch(readers: 1);
        MixedLoad[] loads =
        [
            nodes[0].Load(writers: 22, Extent.Seed, hot: true),
            nodes[1].Load(writers: 21, Extent.Seed, hot: true),
            nodes[2].Load(writers: 21, Extent.Seed, hot: true),
        ];
        // Each accepted command costs dozens of refused ones, and the history holds them all.
        const int AcceptedMax = 3000;
        await Eventually.TrueAsync(
            () => loads.Sum(l => l.Accepted) >= Math.Min(AcceptedMax, Extent.AcceptedBetween * Extent.Rounds),
            what: "the load"
        );
        await trial.HoldsAsync();
        Assert.Single(
            (await LogAtEnd.ReadAsync(trial.ConnectionString, CancellationToken.None))
                .Rows.Select(r => r.Stream)
                .Distinct()
        );
    }

    [Fact]
    public async Task Three_nodes_that_write_the_same_streams_and_names_at_once_break_no_promise()
    {
        await using var trial = await server.BeginAsync();
        LocalNode[] nodes = [await trial.OpenNodeAsync("one"), await trial.OpenNodeAsync("two")];
        trial.Watch(readers: 2);
        var own = await trial.StartNodeAsync("three, a process of its own", writers: 16);
        var loads = nodes.Select(n => n.Load(writers: 16, Extent.Seed)).ToArray();
        await Eventually.TrueAsync(
            () =>
                loads.All(l => l.Accepted >= Extent.AcceptedBetween * Extent.Rounds)
                && own.Accepted >= Extent.AcceptedBetween * Extent.Rounds,
            what: "the load"
        );
        await trial.HoldsAsync();
    }
}
