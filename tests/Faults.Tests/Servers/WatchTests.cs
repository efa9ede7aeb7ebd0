using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Nodes;

namespace Veza.Faults.Tests.Servers;

/// <summary>The private server is killed, and only its watch restarts it.</summary>
public class WatchTests
{
    [Fact]
    public async Task A_killed_server_comes_back_by_itself_and_no_promise_is_broken()
    {
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            await using var postgres = await LocalPostgres.StartEphemeralAsync();
            var watch = postgres.Watch(TimeProvider.System, NullLogger.Instance);
            await using var trial = new Trial(postgres, postgres.ConnectionString);
            var (one, two) = (
                await trial.OpenNodeAsync("one", disk: postgres.Disk),
                await trial.OpenNodeAsync("two", disk: postgres.Disk)
            );
            trial.Watch(readers: 1);
            var (first, second) = (one.Load(writers: 8, Extent.Seed), two.Load(writers: 8, Extent.Seed));
            await Eventually.TrueAsync(
                () => first.Accepted >= Extent.AcceptedBetween && second.Accepted >= Extent.AcceptedBetween,
                what: "the load before the fault"
            );

            Signals.Send(postgres.ProcessId, "KILL");

            // The wait includes the server's return: the fault ends with the kill.
            await trial.ProgressAsync("kill -9 of a watched postmaster", "one", "two");
            await Eventually.TrueAsync(() => watch.Status is { State: ServerState.Running, Restarts: 1 });
            await trial.HoldsAsync();
        }
    }
}
