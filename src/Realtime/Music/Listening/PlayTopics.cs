using Veza.Domain.Music.Listening;

namespace Veza.Realtime.Music.Listening;

/// <summary>That a track was played is for everyone to see; who played it is not.</summary>
public sealed record PlayCountedItem(Guid PlayId, Guid TrackId, Guid OwnerId, string? Genre);

internal sealed class PlayTopics : EventTopics
{
    public PlayTopics() =>
        On<PlayCounted>(
            e => [Topic.Track(e.TrackId), Topic.TopChart, Topic.TrendingChart, Topic.Private(e.ListenerId)],
            e => new PlayCountedItem(e.PlayId, e.TrackId, e.OwnerId, e.Genre),
            anonymous: true
        );
}
