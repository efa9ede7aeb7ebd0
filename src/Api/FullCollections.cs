using System.Runtime;

namespace Veza.Api;

/// <summary>Keeps full garbage collections in the background instead of in a pause.</summary>
/// <remarks>
/// The runtime ends its background collection thread 20 s after the last full collection. The next one has to start the
/// thread again, and mostly does not wait for it: it stops everything instead, 73 ms for 100 MB (dotnet/runtime#13238,
/// fixed after .NET 10). This service therefore collects before the thread ends while the process is busy.
/// </remarks>
internal sealed class FullCollections(TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan ThreadLifetime = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Between two full collections. Together with the interval of the checks it stays below the thread's lifetime.
    /// </summary>
    private static readonly TimeSpan IntervalMax = TimeSpan.FromSeconds(14);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private int _full;
    private int _young;
    private long _since;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Compacts the old generation only when memory is short. Otherwise it would be compacted once it has many
        // holes, which stops everything: 124 ms were measured where other pauses take 3 to 12 ms.
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            if (IsDue(clock.GetTimestamp(), GC.CollectionCount(1), GC.CollectionCount(2)))
                GC.Collect(2, GCCollectionMode.Forced, blocking: false);
    }

    /// <summary>
    /// Whether a full collection is due: the thread still runs, will end soon, and other collections have run since the
    /// last full one.
    /// </summary>
    /// <param name="now">The clock's timestamp.</param>
    /// <param name="young">Collections of generation 1 or higher so far.</param>
    /// <param name="full">Full collections so far.</param>
    public bool IsDue(long now, int young, int full)
    {
        if (full != _full)
        {
            _full = full;
            _young = young;
            _since = now;
            return false;
        }
        var age = clock.GetElapsedTime(_since, now);
        return young != _young && age >= IntervalMax && age < ThreadLifetime;
    }
}
