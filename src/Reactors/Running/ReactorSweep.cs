using Microsoft.Extensions.Logging;
using Veza.EventStore.Database;

namespace Veza.Reactors.Running;

/// <summary>Repeats the sweep of the reactors' messages until it is stopped.</summary>
/// <remarks>
/// It survives every fault: it logs the fault and sweeps again. While the database is away it keeps its interval; after
/// any other fault it backs off.
/// </remarks>
internal sealed class ReactorSweep(Func<CancellationToken, Task> sweep, TimeProvider clock, ILogger logger)
{
    public static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait after faults; each one doubles it.</summary>
    private static readonly TimeSpan RestartMax = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken ct)
    {
        var wait = SweepEvery;
        while (true)
        {
            try
            {
                await Task.Delay(wait, clock, ct);
                await sweep(ct);
                wait = SweepEvery;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception away) when (DatabaseFaults.IsUnavailable(away))
            {
                wait = SweepEvery;
                logger.LogWarning("Reactors' messages could not be looked at: {Reason}", away.Message);
            }
            catch (Exception fault)
            {
                wait = wait * 2 < RestartMax ? wait * 2 : RestartMax;
                logger.LogError(fault, "The sweep of reactors' messages failed; it runs again in {Wait}", wait);
            }
        }
    }
}
