using Veza.Domain.Music.Tracks;
using Veza.Projections.Topics;

namespace Veza.Projections.Music.Tracks;

public sealed class TrackTopics : EventTopics
{
    public TrackTopics()
    {
        On<TrackUploaded>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Activity(e.OwnerId)]);
        On<TrackProcessed>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
        On<TrackProcessingFailed>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Withdrawn(e.OwnerId)]);
    }
}
