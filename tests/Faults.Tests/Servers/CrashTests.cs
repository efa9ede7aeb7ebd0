using Veza.EventStore.Database;
using Veza.Faults.Tests.Nodes;

namespace Veza.Faults.Tests.Servers;

/// <summary>The database goes away during the load and comes back, while the nodes survive.</summary>
public class CrashTests(FaultServer server)
{
    [Fact]
    public async Task A_terminated_append_backend_breaks_no_promise() =>
        await UnderLoadAsync("pg_terminate_backend", async trial =>
            await trial.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                    + "where application_name = 'veza-append' and datname = current_database()"
            )
        );

    [Fact]
    public async Task Kill_9_of_an_append_backend_which_makes_the_server_start_anew_breaks_no_promise() =>
        await UnderLoadAsync("kill -9 of a backend", async trial =>
        {
            // A node has no connection for a moment after it has dropped one.
            var backend = 0;
            await Eventually.TrueAsync(
                async () =>
                    (
                        backend = await trial.AskAsync<int>(
                            "select coalesce(min(pid), 0) from pg_stat_activity "
                                + "where application_name = 'veza-append' and datname = current_database()"
                        )
                    ) != 0,
                what: "a backend that appends"
            );
            Signals.Send(backend, "KILL");
            await RecoveredFromDeathOfAsync(backend, trial);
        });

    [Fact]
    public async Task Kill_9_of_the_postmaster_breaks_no_promise() =>
        await UnderLoadAsync("kill -9 of the postmaster", async trial =>
        {
            await trial.Postgres.KillAsync();
            await trial.Postgres.RestartAsync();
        });

    [Fact]
    public async Task An_immediate_stop_of_the_server_breaks_no_promise() =>
        await UnderLoadAsync("immediate stop", async trial =>
        {
            // SIGQUIT is the signal of pg_ctl stop -m immediate.
            await trial.Postgres.KillAsync("QUIT");
            await trial.Postgres.RestartAsync();
        });

    /// <summary>
    /// The fault is over once the restarted server accepts connections and no longer knows the backend.
    /// </summary>
    private static Task RecoveredFromDeathOfAsync(int backend, Trial trial) =>
        Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return await trial.AskAsync<long>($"select count(*) from pg_stat_activity where pid = {backend}")
                        == 0;
                }
                catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
                {
                    return false;
                }
            },
            Extent.ProgressWithin + TimeSpan.FromMinutes(1),
            "the server after the death of a backend"
        );

    private async Task UnderLoadAsync(string fault, Func<Trial, Task> strike)
    {
        await using var trial = await server.BeginAsync();
        var (one, two) = (await trial.OpenNodeAsync("one"), await trial.OpenNodeAsync("two"));
        trial.Watch(readers: 2);
        var (first, second) = (one.Load(writers: 12, Extent.Seed), two.Load(writers: 12, Extent.Seed));
        for (var round = 1; round <= Extent.Rounds; round++)
        {
            var (firstBefore, secondBefore) = (first.Accepted, second.Accepted);
            await Eventually.TrueAsync(
                () =>
                    first.Accepted >= firstBefore + Extent.AcceptedBetween
                    && second.Accepted >= secondBefore + Extent.AcceptedBetween,
                what: "the load before the fault"
            );
            await strike(trial);
            await trial.ProgressAsync(fault, "one", "two");
        }
        await trial.HoldsAsync();
    }
}
