using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;

namespace Veza.Commands.Social.Likes;

/// <summary>Likes a track. Liking it again changes nothing.</summary>
public sealed record LikeTrack(Guid TrackId, Guid AccountId);

public static class LikeTrackHandler
{
    public static IEnumerable<LikeEvent> Handle(
        LikeTrack command,
        [ReadAggregate] Track track,
        [WriteAggregate] TrackLike? like
    )
    {
        if (like is not { Liked: true })
            yield return new TrackLiked(track.Id, track.OwnerId, command.AccountId);
    }
}
