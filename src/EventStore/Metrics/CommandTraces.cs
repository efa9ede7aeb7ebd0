using System.Diagnostics;
using Veza.EventStore.Events;

namespace Veza.EventStore.Metrics;

/// <summary>
/// Adds to a command's trace what happens after its append: its events carry the request's <c>traceparent</c>.
/// </summary>
/// <remarks>
/// Work on many events at once becomes one span in each of their traces. Any thread may call it. Without a listener it
/// does nothing.
/// </remarks>
public static class CommandTraces
{
    /// <summary>
    /// Work on older events is no longer the command's: a rebuild, or a client that resumes after a night.
    /// </summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(1);

    /// <summary>Traces that one piece of work adds a span to; a batch may hold the events of thousands.</summary>
    public const int TracesMax = 100;

    /// <summary>Whether a listener takes spans at all.</summary>
    public static bool AreCollected => LogMetrics.Traces.HasListeners();

    /// <summary>Adds a span that ends now, as the event's command may not wait for the work.</summary>
    /// <param name="name">Of the work, without ids.</param>
    public static void Add(string name, DateTimeOffset started, IEnumerable<RecordedEvent> events)
    {
        if (!AreCollected)
            return;
        // A command's events have the same text.
        var added = new HashSet<string>();
        foreach (var e in events)
        {
            if (e.Trace is not { } trace || started - e.At > AgeMax || !added.Add(trace))
                continue;
            if (ActivityContext.TryParse(trace, traceState: null, isRemote: true, out var parent))
                LogMetrics
                    .Traces.StartActivity(name, ActivityKind.Consumer, parent, tags: null, links: null, started)
                    ?.Dispose();
            if (added.Count == TracesMax)
                return;
        }
    }

    /// <summary>Begins a span in a command's trace. It is current until it is disposed.</summary>
    /// <param name="trace">The command's <c>traceparent</c>; null begins nothing.</param>
    internal static Activity? Begin(string name, string? trace) =>
        ActivityContext.TryParse(trace, traceState: null, isRemote: true, out var parent)
            ? LogMetrics.Traces.StartActivity(name, ActivityKind.Internal, parent)
            : null;
}
