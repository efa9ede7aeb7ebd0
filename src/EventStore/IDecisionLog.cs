using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;

namespace Veza.EventStore;

/// <summary>
/// The part of the log that a decision uses: aggregates to decide on, and an append at exact versions.
/// </summary>
/// <remarks>
/// <see cref="EventLog"/> implements it; tests of handlers have one in memory. Any thread may call it.
/// </remarks>
public interface IDecisionLog
{
    EventTypes Types { get; }

    /// <inheritdoc cref="EventLog.Head"/>
    long Head { get; }

    /// <inheritdoc cref="Reading.Tail.HistoryGeneration"/>
    int HistoryGeneration { get; }

    /// <inheritdoc cref="AggregateCache.LoadAsync"/>
    ValueTask<AggregateState> LoadAsync(Type aggregate, Guid stream, CancellationToken ct);

    /// <inheritdoc cref="AggregateCache.Drop"/>
    void Drop(Guid stream);

    /// <inheritdoc cref="EventLog.CatchUpAsync"/>
    Task CatchUpAsync(CancellationToken ct);

    /// <returns>The first answer to a command id; null when no command with a fingerprint had it.</returns>
    Task<AppendOutcome.Duplicate?> FindCommandAsync(Guid id, CancellationToken ct);

    /// <inheritdoc cref="Appending.Appender.AppendAsync(AppendRequest)"/>
    Task<AppendOutcome> AppendAsync(AppendRequest request);
}
