using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Subscriptions;

/// <summary>Copies events of the log into another durable store, such as the tables of a queue.</summary>
/// <remarks>
/// Each event is stored once: in the transaction that moves the subscription's checkpoint past it. A member that throws
/// is called again from the checkpoint on.
/// </remarks>
public interface ISubscription
{
    /// <summary>Versioned: <c>music.process_track.v1</c>. A new name begins at the log's first event.</summary>
    string Name { get; }

    /// <summary>The types of event it stores; it skips the others.</summary>
    IReadOnlySet<Type> Events { get; }

    /// <summary>Completes when the store accepts more; until then the checkpoint stays.</summary>
    Task WaitForRoomAsync(CancellationToken ct);

    /// <summary>Writes events in the transaction given.</summary>
    /// <param name="events">In the log's order; one or more.</param>
    Task StoreAsync(IReadOnlyList<RecordedEvent> events, NpgsqlTransaction transaction, CancellationToken ct);

    /// <summary>Called after the events given last are committed.</summary>
    ValueTask StoredAsync(CancellationToken ct);
}
