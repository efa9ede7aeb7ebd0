using Veza.Domain.Social.Likes;
using Veza.Projections.Topics;

namespace Veza.Projections.Social.Likes;

public sealed class LikeTopics : EventTopics
{
    public LikeTopics()
    {
        On<TrackLiked>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
        On<TrackUnliked>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId)]);
        On<TrackReposted>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Activity(e.AccountId)]);
        On<TrackRepostRemoved>(e => [Topic.Track(e.TrackId), Topic.Account(e.OwnerId), Topic.Withdrawn(e.AccountId)]);
    }
}
