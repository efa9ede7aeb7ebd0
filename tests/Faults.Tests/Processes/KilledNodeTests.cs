using Veza.Faults.Tests.Nodes;

namespace Veza.Faults.Tests.Processes;

public class KilledNodeTests(FaultServer server)
{
    [Fact]
    public async Task Kill_9_of_a_node_in_the_middle_of_its_batches_breaks_no_promise_and_blocks_no_other()
    {
        await using var trial = await server.BeginAsync();
        var survivor = await trial.OpenNodeAsync("survivor");
        trial.Watch(readers: 2);
        survivor.Load(writers: 8, Extent.Seed);
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var victim = await trial.StartNodeAsync($"victim {round}", writers: 16);
            await Eventually.TrueAsync(
                () => victim.Accepted >= Extent.AcceptedBetween,
                what: "the victim's share of the load"
            );
            await victim.KillAsync();
            await trial.ProgressAsync($"kill -9 of victim {round}", "survivor");
        }
        await trial.HoldsAsync();
    }

    [Fact]
    public async Task Kill_9_of_a_program_that_appends_through_Marten_sessions_breaks_no_promise_and_blocks_no_other()
    {
        await using var trial = await server.BeginAsync();
        var survivor = await trial.OpenNodeAsync("survivor");
        trial.Watch(readers: 2);
        survivor.Load(writers: 8, Extent.Seed);
        await trial.StartNodeAsync("other sessions", writers: 4, NodeWork.Session);
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var victim = await trial.StartNodeAsync($"victim {round}", writers: 8, NodeWork.Session);
            await Eventually.TrueAsync(
                () => victim.Accepted >= Extent.AcceptedBetween,
                what: "the victim's share of the load"
            );
            await victim.KillAsync();
            await trial.ProgressAsync($"kill -9 of victim {round}", "survivor", "other sessions");
        }
        await trial.HoldsAsync();
        await using var database = Npgsql.NpgsqlDataSource.Create(trial.ConnectionString);
        var report = await new Veza.EventStore.Verification.LogVerifier(database, []).VerifyAsync(
            TestContext.Current.CancellationToken
        );
        Assert.Empty(report.Checks.SelectMany(c => c.Differences));
    }
}
