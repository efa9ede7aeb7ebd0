using Veza.EventStore.Running;

namespace Veza.EventStore.Reactions;

/// <summary>What must happen outside the log because an event was appended: work, then a follow-up command.</summary>
/// <remarks>
/// Each event is given at least once: again after a fault, and again when the process died before the checkpoint passed it. The work must bear that,
/// and the follow-up command carries <see cref="FollowUp.CommandId"/>, so that it happens once.
/// </remarks>
public interface IReaction
{
    /// <summary>Versioned: <c>music.process_track.v1</c>. A new name begins at the log's first event.</summary>
    string Name { get; }
    IReadOnlySet<Type> Events { get; }

    /// <summary>Events worked on at the same time, 1 or more; one that waits for its next attempt is not among them. They are begun in the log's order, and end in any.</summary>
    int ConcurrencyMax { get; }

    /// <summary>
    /// How often and how soon a failed event is tried again; null for <see cref="Retries.OfReactions"/>.
    /// </summary>
    Retries? Retries => null;

    /// <summary>
    /// Deals with one event. What it throws is tried again, but for <see cref="ReactionGivesUpException"/>; when it is
    /// cancelled, the event is left for the next start.
    /// </summary>
    Task ReactAsync(RecordedEvent e, CancellationToken ct);

    /// <summary>
    /// Says where people look for it that an event was given up; then it is parked. A fault of this is logged and no more.
    /// </summary>
    Task GaveUpAsync(RecordedEvent e, Exception fault) => Task.CompletedTask;
}

/// <summary>
/// The event can never be dealt with: it is parked at once, with this reason, for the operator to see.
/// </summary>
public sealed class ReactionGivesUpException(string reason) : Exception(reason);
