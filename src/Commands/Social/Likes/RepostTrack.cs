using Veza.Commands.Dispatching;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;

namespace Veza.Commands.Social.Likes;

/// <summary>Reposts a track to the caller's followers. Reposting it again changes nothing.</summary>
public sealed record RepostTrack(Guid TrackId, Guid AccountId);

public static class RepostTrackHandler
{
    public static IEnumerable<RepostEvent> Handle(
        RepostTrack command,
        [ReadAggregate] Track track,
        [WriteAggregate] TrackRepost? repost
    )
    {
        if (repost is not { Reposted: true })
            yield return new TrackReposted(track.Id, track.OwnerId, command.AccountId);
    }
}
