using System.Diagnostics.Metrics;

namespace Veza.Media.Live;

/// <summary>Metrics of the broadcasts on this node, in the meter of <see cref="MediaMetrics"/>.</summary>
internal static class BroadcastMetrics
{
    internal static readonly Counter<long> MeteredPackets = MediaMetrics.Meter.CreateCounter<long>(
        "veza.broadcasts.metered",
        "{packet}",
        "Opus packets that the level meters of broadcasts met, by outcome: decoded, failed or skipped."
    );

    internal static void ObserveMounts(Func<IReadOnlyList<Mount>> all)
    {
        MediaMetrics.Meter.CreateObservableGauge(
            "veza.broadcasts.mounts",
            () => all().Count,
            "{broadcast}",
            "Broadcasts this node has the sound of, interrupted ones included."
        );
        MediaMetrics.Meter.CreateObservableGauge(
            "veza.broadcasts.interrupted",
            () => all().Count(m => m.State == MountState.Interrupted),
            "{broadcast}",
            "Broadcasts on this node whose source is away; they end when it stays away."
        );
        MediaMetrics.Meter.CreateObservableGauge(
            "veza.broadcasts.listeners",
            () => all().Sum(m => m.Listeners),
            "{listener}",
            "Listeners of this node's broadcasts."
        );
        MediaMetrics.Meter.CreateObservableGauge(
            "veza.broadcasts.cuts",
            () => all().Sum(m => m.Cuts),
            "{cut}",
            "Times a slow listener of a broadcast now on this node was cut forward."
        );
    }
}
