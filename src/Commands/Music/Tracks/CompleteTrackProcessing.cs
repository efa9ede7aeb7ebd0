using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;

namespace Veza.Commands.Music.Tracks;

/// <summary>Says that a track's copies are made. Of a track that is ready already, nothing changes.</summary>
public sealed record CompleteTrackProcessing(Guid TrackId, IReadOnlyList<Rendition> Renditions);

public static class CompleteTrackProcessingHandler
{
    public static Refusal? Validate(CompleteTrackProcessing command, Track track) =>
        track.Status == TrackStatus.Failed ? MusicRefusals.NotProcessing(track.Status) : null;

    public static IEnumerable<TrackEvent> Handle(CompleteTrackProcessing command, [WriteModel] Track track)
    {
        if (track.Status == TrackStatus.Processing) yield return new TrackProcessed(track.Id, track.OwnerId, command.Renditions);
    }
}
