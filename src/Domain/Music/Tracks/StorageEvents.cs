namespace Veza.Domain.Music.Tracks;

/// <summary>
/// A change of the disk space of an account's tracks. It is appended together with the track's event.
/// </summary>
public abstract record StorageEvent : DomainEvent;

/// <summary>A track was uploaded. Space for its copies is reserved until their size is known.</summary>
public sealed record StorageReserved(Guid OwnerId, Guid TrackId, long OriginalBytes, long CopiesBytes) : StorageEvent;

/// <summary>A track's processing ended, and its copies have this size; 0 when it failed.</summary>
public sealed record StorageSettled(Guid OwnerId, Guid TrackId, long CopiesBytes) : StorageEvent;
