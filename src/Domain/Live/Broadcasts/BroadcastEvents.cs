namespace Veza.Domain.Live.Broadcasts;

public abstract record BroadcastEvent : DomainEvent;

public sealed record BroadcastCreated(
    Guid BroadcastId,
    Guid OwnerId,
    [property: Personal(nameof(BroadcastCreated.OwnerId))] string Title
) : BroadcastEvent;

/// <summary>The source connected for the first time.</summary>
public sealed record BroadcastStarted(Guid BroadcastId, Guid OwnerId, string ContentType) : BroadcastEvent;

public sealed record BroadcastInterrupted(Guid BroadcastId, Guid OwnerId, string Reason) : BroadcastEvent;

public sealed record BroadcastResumed(Guid BroadcastId, Guid OwnerId) : BroadcastEvent;

/// <summary>
/// An operator or moderator of the platform ends a broadcast; <see cref="BroadcastEnded"/> follows in the same commit.
/// </summary>
public sealed record BroadcastTakenDown(Guid BroadcastId, Guid OwnerId, Guid ByAccountId) : BroadcastEvent;

/// <param name="Reason">One of <see cref="BroadcastEnd"/>'s.</param>
public sealed record BroadcastEnded(Guid BroadcastId, Guid OwnerId, string Reason) : BroadcastEvent;

/// <summary>Counts the broadcasts an account has open, in a stream of the account's own.</summary>
public abstract record OpenBroadcastsEvent : DomainEvent;

/// <param name="EndedIds">Of those counted before, the ones that had ended by then.</param>
public sealed record BroadcastCounted(Guid OwnerId, Guid BroadcastId, IReadOnlyList<Guid> EndedIds)
    : OpenBroadcastsEvent;
