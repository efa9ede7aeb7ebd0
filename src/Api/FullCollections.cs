using System.Runtime;

namespace Veza.Api;

/// <summary>Has full collections done beside the work instead of in a pause.</summary>
/// <remarks>
/// The runtime ends its thread for them 20 s after the last one, and the next one that has to start it anew seldom
/// waits until it runs: it stops everything instead, 73 ms for 100 MB (dotnet/runtime#13238, mended after .NET 10). So
/// while the process has much to do, none comes so late.
/// </remarks>
internal sealed class FullCollections(TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan ThreadLifetime = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Between two full collections. With the time between two looks it stays below the thread's lifetime.
    /// </summary>
    private static readonly TimeSpan IntervalMax = TimeSpan.FromSeconds(14);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private int _full;
    private int _young;
    private long _since;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The old generation is compacted only when memory is short. It would otherwise be once its holes are many, and
        // everything stands for the time: 124 ms were seen where other pauses are of 3 to 12 ms.
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        using var timer = new PeriodicTimer(LookEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            if (IsDue(clock.GetTimestamp(), GC.CollectionCount(1), GC.CollectionCount(2)))
                GC.Collect(2, GCCollectionMode.Forced, blocking: false);
    }

    /// <summary>
    /// Whether one is wanted now: the thread still runs, will soon end, and there was work for it since the last one.
    /// </summary>
    /// <param name="now">The clock's timestamp.</param>
    /// <param name="young">Collections so far of the second generation or the whole.</param>
    /// <param name="full">Collections so far of the whole.</param>
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
