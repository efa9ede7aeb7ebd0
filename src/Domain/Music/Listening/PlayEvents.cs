namespace Veza.Domain.Music.Listening;

public abstract record PlayEvent : DomainEvent;

public sealed record PlayStarted(
    Guid PlayId,
    Guid TrackId,
    Guid OwnerId,
    Guid ListenerId,
    Guid SessionId,
    long DurationMs,
    DateTimeOffset At
) : PlayEvent;

/// <param name="HeardMs">Milliseconds heard so far in this play; never more than the clock allows.</param>
/// <param name="PositionMs">The listener's place in the track, in milliseconds.</param>
public sealed record PlayProgressed(
    Guid PlayId,
    Guid TrackId,
    Guid ListenerId,
    long HeardMs,
    long PositionMs,
    bool Ended
) : PlayEvent;

/// <summary>
/// A play was counted. Listener, track and session together have one stream, so it happens only once in it.
/// </summary>
public abstract record CountingEvent : DomainEvent;

public sealed record PlayCounted(
    Guid PlayId,
    Guid TrackId,
    Guid OwnerId,
    Guid ListenerId,
    Guid SessionId,
    [property: Personal(nameof(PlayCounted.OwnerId))] string? Genre,
    long HeardMs
) : CountingEvent;
