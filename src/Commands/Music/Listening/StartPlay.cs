using Veza.Commands.Dispatching;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Listening;

/// <summary>Begins a play. Its reports are checked against the time since.</summary>
/// <param name="SessionId">The caller's session. A track counts once in each.</param>
public sealed record StartPlay(Guid PlayId, Guid TrackId, Guid ListenerId, Guid SessionId);

public static class StartPlayHandler
{
    public static Effect Handle(StartPlay command, [ReadAggregate] Track track, DateTimeOffset now) =>
        Effect.Start<Play>(
            command.PlayId,
            new PlayStarted(
                command.PlayId,
                track.Id,
                track.OwnerId,
                command.ListenerId,
                command.SessionId,
                track.DurationMs,
                now
            )
        );
}
