namespace Veza.Domain.Live.Broadcasts;

public abstract record BroadcastEvent : DomainEvent;
public sealed record BroadcastCreated(Guid BroadcastId, Guid OwnerId, [property: Personal(nameof(BroadcastCreated.OwnerId))] string Title) : BroadcastEvent;

/// <summary>The source connected for the first time.</summary>
public sealed record BroadcastStarted(Guid BroadcastId, Guid OwnerId, string ContentType) : BroadcastEvent;
public sealed record BroadcastInterrupted(Guid BroadcastId, Guid OwnerId, string Reason) : BroadcastEvent;
public sealed record BroadcastResumed(Guid BroadcastId, Guid OwnerId) : BroadcastEvent;

/// <param name="Reason"><c>stopped</c> by the owner, or <c>abandoned</c> when the source stayed away.</param>
public sealed record BroadcastEnded(Guid BroadcastId, Guid OwnerId, string Reason) : BroadcastEvent;
