using Veza.Domain.Music.Listening;
using Veza.Projections.Topics;

namespace Veza.Projections.Music.Listening;

public sealed class PlayTopics : EventTopics
{
    public PlayTopics() =>
        On<PlayCounted>(e =>
            [Topic.Track(e.TrackId), Topic.TopChart, Topic.TrendingChart, Topic.Private(e.ListenerId)]
        );
}
