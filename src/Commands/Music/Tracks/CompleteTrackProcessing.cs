using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>Records that a track's copies are made. A ready track stays as it is.</summary>
public sealed record CompleteTrackProcessing(
    Guid TrackId,
    IReadOnlyList<Rendition> Renditions,
    IReadOnlyList<Waveform>? Waveforms = null
);

public static class CompleteTrackProcessingHandler
{
    public static Refusal? Validate(CompleteTrackProcessing command, Track track) =>
        track.Status == TrackStatus.Failed ? MusicRefusals.NotProcessing(track.Status) : null;

    public static IEnumerable<Effect> Handle(
        CompleteTrackProcessing command,
        [WriteAggregate] Track track,
        [ReadAggregate] Storage? storage
    )
    {
        if (track.Status != TrackStatus.Processing)
            yield break;
        yield return Effect.Append<Track>(
            track.Id,
            new TrackProcessed(track.Id, track.OwnerId, command.Renditions, command.Waveforms)
        );
        var copiesBytes = command.Renditions.Sum(r => r.Bytes) + (command.Waveforms ?? []).Sum(w => w.Bytes);
        yield return Effect.Append<Storage>(
            Storage.StreamId(track.OwnerId),
            new StorageSettled(track.OwnerId, track.Id, copiesBytes)
        );
    }
}
