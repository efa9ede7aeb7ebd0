using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Subscriptions;

/// <summary>Takes events of the log over into a durable store of its own, such as the tables of a queue.</summary>
/// <remarks>
/// Each event is stored once: in the transaction that moves the subscription's checkpoint past it. A member that throws
/// is called again from the checkpoint on.
/// </remarks>
public interface ISubscription
{
    /// <summary>Versioned: <c>music.process_track.v1</c>. A new name begins at the log's first event.</summary>
    string Name { get; }

    /// <summary>The types of event it takes; the others are passed over.</summary>
    IReadOnlySet<Type> Events { get; }

    /// <summary>Completes when the store takes more; until then the checkpoint stays.</summary>
    Task WaitForRoomAsync(CancellationToken ct);

    /// <summary>Writes events in the transaction given.</summary>
    /// <param name="events">In the log's order; one or more.</param>
    Task StoreAsync(IReadOnlyList<RecordedEvent> events, NpgsqlTransaction transaction, CancellationToken ct);

    /// <summary>Says that the events given last are stored for good.</summary>
    ValueTask StoredAsync(CancellationToken ct);
}
