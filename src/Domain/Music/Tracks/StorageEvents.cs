namespace Veza.Domain.Music.Tracks;

/// <summary>
/// What an account's tracks take on disk; in the log beside the event of the track that it follows from.
/// </summary>
public abstract record StorageEvent : DomainEvent;

/// <summary>A track was uploaded. Room for its copies is reserved until it is known what they take.</summary>
public sealed record StorageReserved(Guid OwnerId, Guid TrackId, long OriginalBytes, long CopiesBytes) : StorageEvent;

/// <summary>The processing of a track ended: its copies take this, nothing when it failed.</summary>
public sealed record StorageSettled(Guid OwnerId, Guid TrackId, long CopiesBytes) : StorageEvent;
