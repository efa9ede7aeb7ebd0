using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Events;

namespace Veza.Realtime;

/// <summary>
/// Faults that may be over in a moment, such as a database that is away or has no connection to spare: the client is
/// told to try again, the operator why.
/// </summary>
public sealed class TransientFaults(TimeProvider clock, ILogger<TransientFaults> logger)
{
    /// <summary>
    /// Thousands of subscriptions fail at once for one reason: of each kind one is told in so long, with how many there
    /// were.
    /// </summary>
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Kind> _kinds = [];

    private sealed class Kind
    {
        public long? ToldAt;
        public long Untold;
    }

    public static bool Is(Exception fault) => DatabaseFaults.IsUnavailable(fault) || fault is HistoryForkedException;

    /// <returns>What the client is told.</returns>
    /// <param name="fault">One that <see cref="Is"/> says is momentary.</param>
    public LiveRefusal Refuse(Exception fault)
    {
        LiveMetrics.Refused.Add(1, new KeyValuePair<string, object?>("code", LiveRefusal.DatabaseUnavailable.Code));
        var name = fault is PostgresException { SqlState: var state } ? state : fault.GetType().Name;
        var kind = _kinds.GetOrAdd(name, _ => new());
        lock (kind)
        {
            kind.Untold++;
            if (kind.ToldAt is { } at && clock.GetElapsedTime(at) < TellEvery)
                return LiveRefusal.DatabaseUnavailable;
            logger.LogWarning(
                "{Count} live requests were told to try again because of {Kind}: {Reason}",
                kind.Untold,
                name,
                fault.Message
            );
            (kind.ToldAt, kind.Untold) = (clock.GetTimestamp(), 0);
        }
        return LiveRefusal.DatabaseUnavailable;
    }
}
