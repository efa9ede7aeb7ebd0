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
/// An operator or moderator of the platform ended a broadcast. <see cref="BroadcastEnded"/> is in the same commit.
/// </summary>
public sealed record BroadcastTakenDown(Guid BroadcastId, Guid OwnerId, Guid ByAccountId) : BroadcastEvent;

/// <param name="Reason">One of <see cref="BroadcastEnd"/>.</param>
public sealed record BroadcastEnded(Guid BroadcastId, Guid OwnerId, string Reason) : BroadcastEvent;

/// <summary>Counts the open broadcasts of an account. Each account has one stream of these.</summary>
public abstract record OpenBroadcastsEvent : DomainEvent;

/// <param name="EndedIds">The broadcasts in the count that had ended by then.</param>
public sealed record BroadcastCounted(Guid OwnerId, Guid BroadcastId, IReadOnlyList<Guid> EndedIds)
    : OpenBroadcastsEvent;
