using Veza.Domain.Social.Follows;
using Veza.Projections.Topics;

namespace Veza.Projections.Social.Follows;

public sealed class FollowTopics : EventTopics
{
    public FollowTopics()
    {
        On<FollowStarted>(e =>
            [
                Topic.Account(e.FollowerId),
                Topic.Account(e.FolloweeId),
                Topic.Access(e.FollowerId),
                Topic.Followers(e.FolloweeId),
            ]
        );
        On<FollowStopped>(e =>
            [
                Topic.Account(e.FollowerId),
                Topic.Account(e.FolloweeId),
                Topic.Access(e.FollowerId),
                Topic.Followers(e.FolloweeId),
            ]
        );
    }
}
