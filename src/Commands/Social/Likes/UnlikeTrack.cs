using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;

namespace Veza.Commands.Social.Likes;

/// <summary>Takes a like back. Without one it changes nothing.</summary>
public sealed record UnlikeTrack(Guid TrackId, Guid AccountId);

public static class UnlikeTrackHandler
{
    public static IEnumerable<LikeEvent> Handle(
        UnlikeTrack command,
        [ReadAggregate] Track track,
        [WriteAggregate] TrackLike? like
    )
    {
        if (like is { Liked: true })
            yield return new TrackUnliked(track.Id, track.OwnerId, command.AccountId);
    }
}
