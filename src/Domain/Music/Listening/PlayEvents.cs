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

/// <param name="HeardMs">Heard so far in this play; never more than the clock allows.</param>
/// <param name="PositionMs">Where in the track the listener is.</param>
public sealed record PlayProgressed(
    Guid PlayId,
    Guid TrackId,
    Guid ListenerId,
    long HeardMs,
    long PositionMs,
    bool Ended
) : PlayEvent;

/// <summary>
/// In a stream of the listener, the track and the sign-in session, so that it can happen there only once.
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
