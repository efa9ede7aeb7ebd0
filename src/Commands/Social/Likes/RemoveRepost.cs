using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;

namespace Veza.Commands.Social.Likes;

/// <summary>Takes a repost back. Without one it changes nothing.</summary>
public sealed record RemoveRepost(Guid TrackId, Guid AccountId);

public static class RemoveRepostHandler
{
    public static IEnumerable<RepostEvent> Handle(
        RemoveRepost command,
        [ReadAggregate] Track track,
        [WriteAggregate] TrackRepost? repost
    )
    {
        if (repost is { Reposted: true })
            yield return new TrackRepostRemoved(track.Id, track.OwnerId, command.AccountId);
    }
}
