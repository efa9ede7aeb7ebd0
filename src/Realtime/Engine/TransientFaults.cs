using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;

namespace Veza.Realtime.Engine;

/// <summary>
/// Turns faults that may soon pass, such as an unavailable or overloaded database, into a refusal to try again, and
/// logs the reason. Any thread may call it.
/// </summary>
public sealed class TransientFaults(TimeProvider clock, ILogger<TransientFaults> logger)
{
    /// <summary>
    /// The interval between two log lines of one kind of fault. Thousands of subscriptions may fail together for one
    /// reason; the line has their number.
    /// </summary>
    private static readonly TimeSpan LogEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Kind> _kinds = [];

    private sealed class Kind
    {
        public long? LoggedAt;
        public long Unlogged;
    }

    public static bool Is(Exception fault) => DatabaseFaults.IsUnavailable(fault) || fault is HistoryForkedException;

    /// <param name="fault">A fault for which <see cref="Is"/> is true.</param>
    /// <returns>The refusal for the client.</returns>
    public LiveRefusal Refuse(Exception fault)
    {
        LiveMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", LiveRefusal.DatabaseUnavailable.Code));
        var name = fault is PostgresException { SqlState: var state } ? state : fault.GetType().Name;
        var kind = _kinds.GetOrAdd(name, _ => new());
        lock (kind)
        {
            kind.Unlogged++;
            if (kind.LoggedAt is { } at && clock.GetElapsedTime(at) < LogEvery)
                return LiveRefusal.DatabaseUnavailable;
            logger.LogWarning(
                "Refused {Count} live requests, to be tried again, because of {Kind}: {Reason}",
                kind.Unlogged,
                name,
                fault.Message
            );
            kind.LoggedAt = clock.GetTimestamp();
            kind.Unlogged = 0;
        }
        return LiveRefusal.DatabaseUnavailable;
    }
}
