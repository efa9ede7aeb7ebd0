using System.Diagnostics.Metrics;

namespace Veza.Realtime.Engine;

/// <summary>The metrics of the live topics.</summary>
public static class LiveMetrics
{
    public static readonly Meter Meter = new("Veza.Realtime");

    internal static readonly Counter<long> Batches = Meter.CreateCounter<long>(
        "veza.live.batches",
        "{batch}",
        "Batches handed to subscribers."
    );
    internal static readonly Counter<long> Items = Meter.CreateCounter<long>(
        "veza.live.items",
        "{item}",
        "Items handed to subscribers; an event counts once for each."
    );
    internal static readonly Counter<long> Levels = Meter.CreateCounter<long>(
        "veza.live.levels",
        "{level}",
        "Levels of broadcasts handed to subscribers; a level counts once for each."
    );
    internal static readonly Counter<long> ReadFromDatabase = Meter.CreateCounter<long>(
        "veza.live.reads",
        "{read}",
        "Pages that subscriptions read from PostgreSQL because the tail did not hold them."
    );
    internal static readonly Counter<long> FellBehind = Meter.CreateCounter<long>(
        "veza.live.fell_behind",
        "{subscription}",
        "Subscriptions too far behind, whose clients must fetch the state again."
    );
    internal static readonly Counter<long> Closed = Meter.CreateCounter<long>(
        "veza.live.closed",
        "{subscription}",
        "Subscriptions the server ended, by reason."
    );
    internal static readonly Counter<long> PresenceDropped = Meter.CreateCounter<long>(
        "veza.live.presence_dropped",
        "{item}",
        "Presence and typing that was not passed on, because more waited than may."
    );
    internal static readonly Counter<long> Refused = Meter.CreateCounter<long>(
        "veza.live.refused",
        "{subscription}",
        "Subscriptions refused, by code."
    );

    /// <summary>
    /// Shows counters that may count nothing for long. A series that begins at its first count hides that one from
    /// <c>rate</c>.
    /// </summary>
    internal static void BeginAtZero()
    {
        ReadFromDatabase.Add(0);
        FellBehind.Add(0);
        PresenceDropped.Add(0);
    }

    /// <summary>
    /// A subscription was ended because its client took nothing for <see cref="RealtimeLimits.StoppedReadingMax"/>.
    /// </summary>
    public static void StoppedReading() =>
        Closed.Add(1, new KeyValuePair<string, object?>("reason", "stopped_reading"));

    internal static void ObserveSubscriptions(Func<int> count) =>
        Meter.CreateObservableGauge(
            "veza.live.subscriptions",
            count,
            "{subscription}",
            "Open subscriptions of this process."
        );

    internal static void ObserveConnections(Func<int> count) =>
        Meter.CreateObservableGauge(
            "veza.live.connections",
            count,
            "{connection}",
            "Open live connections of this process."
        );
}
