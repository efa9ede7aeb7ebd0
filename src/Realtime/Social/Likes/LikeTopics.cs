using Veza.Domain.Social.Likes;

namespace Veza.Realtime.Social.Likes;

internal sealed class LikeTopics : EventTopics
{
    public LikeTopics()
    {
        On<TrackLiked>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
        On<TrackUnliked>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
        On<TrackReposted>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Activity(e.AccountId)]);
        On<TrackRepostRemoved>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Withdrawn(e.AccountId)]);
    }
}
