using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>
/// Ends a track's processing without copies; its original stays. A failed track stays as it is.
/// </summary>
/// <param name="Reason">A sentence for the track's owner.</param>
public sealed record FailTrackProcessing(Guid TrackId, string Reason);

public static class FailTrackProcessingHandler
{
    public static Refusal? Validate(FailTrackProcessing command, Track track) =>
        track.Status == TrackStatus.Ready ? MusicRefusals.NotProcessing(track.Status) : null;

    public static IEnumerable<Effect> Handle(
        FailTrackProcessing command,
        [WriteAggregate] Track track,
        [ReadAggregate] Storage? storage
    )
    {
        if (track.Status != TrackStatus.Processing)
            yield break;
        yield return Effect.Append<Track>(track.Id, new TrackProcessingFailed(track.Id, track.OwnerId, command.Reason));
        yield return Effect.Append<Storage>(
            Storage.StreamId(track.OwnerId),
            new StorageSettled(track.OwnerId, track.Id, CopiesBytes: 0)
        );
    }
}
