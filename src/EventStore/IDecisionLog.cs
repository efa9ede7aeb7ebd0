using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;

namespace Veza.EventStore;

/// <summary>What a decision needs of the log: aggregates to decide on, and an append at exact versions.</summary>
/// <remarks>
/// <see cref="EventLog"/> is it in production; the tests of handlers keep one in memory. Any thread may call it.
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

    /// <returns>What the command of this id was answered; null when none with a fingerprint had it.</returns>
    Task<AppendOutcome.Duplicate?> FindCommandAsync(Guid id, CancellationToken ct);

    /// <inheritdoc cref="Appending.Appender.AppendAsync(AppendRequest)"/>
    Task<AppendOutcome> AppendAsync(AppendRequest request);
}
