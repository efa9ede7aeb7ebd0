using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Veza.EventStore.Metrics;

/// <summary>The log's instruments for /metrics, and its trace source. Any thread may record.</summary>
public static class LogMetrics
{
    public static readonly ActivitySource Traces = new("Veza.EventStore");
    public static readonly Meter Meter = new("Veza.EventStore");

    private static readonly Histogram<int> BatchCommands = Meter.CreateHistogram<int>(
        "veza.log.batch.commands",
        "{command}",
        "Commands in one append batch."
    );
    private static readonly Histogram<int> BatchEvents = Meter.CreateHistogram<int>(
        "veza.log.batch.events",
        "{event}",
        "Events in one append batch."
    );
    private static readonly Histogram<double> CommitSeconds = Meter.CreateHistogram<double>(
        "veza.log.commit.duration",
        "s",
        "From sending an append batch to its flushed commit."
    );
    private static readonly Histogram<double> WaitSeconds = Meter.CreateHistogram<double>(
        "veza.log.queue.wait",
        "s",
        "From asking to append to the batch being sent, for the longest waiting command of each batch."
    );
    private static readonly Counter<long> Appended = Meter.CreateCounter<long>(
        "veza.log.events.appended",
        "{event}",
        "Events this node appended."
    );
    internal static readonly Counter<long> ReadFromDatabase = Meter.CreateCounter<long>(
        "veza.log.events.read",
        "{event}",
        "Events read from PostgreSQL because the tail did not hold them."
    );
    internal static readonly Counter<long> AggregatesLoaded = Meter.CreateCounter<long>(
        "veza.models.loaded",
        "{model}",
        "Models folded from their stream because the cache did not hold them."
    );
    internal static readonly Counter<long> AggregatesFound = Meter.CreateCounter<long>(
        "veza.models.found",
        "{model}",
        "Models found in the cache."
    );
    internal static readonly Counter<long> AggregatesEvicted = Meter.CreateCounter<long>(
        "veza.models.evicted",
        "{model}",
        "Models that had to leave the cache for others."
    );
    internal static readonly Counter<long> AggregateEvents = Meter.CreateCounter<long>(
        "veza.models.events",
        "{event}",
        "Events read from PostgreSQL to fold models, by model."
    );
    internal static readonly Counter<long> SnapshotsWritten = Meter.CreateCounter<long>(
        "veza.snapshots.written",
        "{snapshot}",
        "Snapshots written of models of long streams."
    );
    internal static readonly Counter<long> SnapshotsFailed = Meter.CreateCounter<long>(
        "veza.snapshots.failed",
        "{snapshot}",
        "Snapshots that could not be written; their streams are read in full until a later one."
    );
    internal static readonly Counter<long> ProjectionEvents = Meter.CreateCounter<long>(
        "veza.projection.events",
        "{event}",
        "Events a projection applied."
    );
    internal static readonly Counter<long> ProjectionFaults = Meter.CreateCounter<long>(
        "veza.projection.faults",
        "{fault}",
        "Batches a projection could not apply and tried again."
    );
    internal static readonly Counter<long> ProjectionParked = Meter.CreateCounter<long>(
        "veza.projection.parked",
        "{event}",
        "Events a projection could not apply, by outcome: standing before it, or skipped."
    );

    internal static readonly Counter<long> ReserveFreed = Meter.CreateCounter<long>(
        "veza.postgres.reserve.freed",
        "{time}",
        "Times the full disk's reserve was freed."
    );

    private static long _serversStarted;
    private static long _serversFailed;

    // Observed from the first scrape on: Prometheus does not see the increase of a series that begins at 1.
    static LogMetrics() =>
        Meter.CreateObservableCounter<long>(
            "veza.postgres.restarts",
            () => [Restarts(ref _serversStarted, "started"), Restarts(ref _serversFailed, "failed")],
            "{restart}",
            "Restarts of the private PostgreSQL after it had ended by itself, by outcome: started or failed."
        );

    internal static void ServerStarted() => Interlocked.Increment(ref _serversStarted);

    internal static void ServerFailed() => Interlocked.Increment(ref _serversFailed);

    private static Measurement<long> Restarts(ref long count, string outcome) =>
        new(Volatile.Read(ref count), new KeyValuePair<string, object?>("outcome", outcome));

    internal static void BatchWritten(int commands, int events, TimeSpan waited, TimeSpan took)
    {
        WaitSeconds.Record(waited.TotalSeconds);
        BatchCommands.Record(commands);
        BatchEvents.Record(events);
        CommitSeconds.Record(took.TotalSeconds);
        Appended.Add(events);
    }

    internal static void ObserveQueue(Func<int> length) =>
        Meter.CreateObservableGauge(
            "veza.log.queue.commands",
            length,
            "{command}",
            "Commands waiting for the next batch."
        );

    internal static void ObserveModels(Func<int> count) =>
        Meter.CreateObservableGauge(
            "veza.models.cached",
            count,
            "{model}",
            "Models kept in memory, streams known not to exist included."
        );

    internal static void ObserveTail(Func<long> events, Func<long> bytes)
    {
        Meter.CreateObservableGauge("veza.log.tail.events", events, "{event}", "Events the tail holds in memory.");
        Meter.CreateObservableGauge("veza.log.tail.size", bytes, "By", "Bytes of JSON the tail holds in memory.");
    }

    internal static void ObserveHead(Func<long> head) =>
        Meter.CreateObservableGauge("veza.log.head", head, "{position}", "The newest position this node has seen.");
}
