using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Comments;
using Veza.Domain.Social.Likes;
using Veza.EventStore.Projections;

namespace Veza.Projections.Music.Tracks;

/// <summary>The counters of a track.</summary>
/// <param name="Plays">Counted plays: heard long enough, one for each listener and session.</param>
public sealed record TrackCountsRow(Guid TrackId, long Plays, long Likes, long Reposts, long Comments);

public sealed class TrackCountsProjection : Projection<TrackCountsRow, Guid>
{
    public const string ProjectionName = "music.track_counts.v1";

    public override string Name => ProjectionName;

    public TrackCountsProjection()
    {
        Identity<TrackUploaded>(e => e.TrackId);
        Identity<PlayCounted>(e => e.TrackId);
        Identity<TrackLiked>(e => e.TrackId);
        Identity<TrackUnliked>(e => e.TrackId);
        Identity<TrackReposted>(e => e.TrackId);
        Identity<TrackRepostRemoved>(e => e.TrackId);
        Identity<TrackCommented>(e => e.TrackId);
    }

    public static TrackCountsRow Create(TrackUploaded e) => new(e.TrackId, 0, 0, 0, 0);

    public static TrackCountsRow Apply(PlayCounted _, TrackCountsRow row) => row with { Plays = row.Plays + 1 };

    public static TrackCountsRow Apply(TrackLiked _, TrackCountsRow row) => row with { Likes = row.Likes + 1 };

    public static TrackCountsRow Apply(TrackUnliked _, TrackCountsRow row) => row with { Likes = row.Likes - 1 };

    public static TrackCountsRow Apply(TrackReposted _, TrackCountsRow row) => row with { Reposts = row.Reposts + 1 };

    public static TrackCountsRow Apply(TrackRepostRemoved _, TrackCountsRow row) =>
        row with
        {
            Reposts = row.Reposts - 1,
        };

    public static TrackCountsRow Apply(TrackCommented _, TrackCountsRow row) =>
        row with
        {
            Comments = row.Comments + 1,
        };
}
