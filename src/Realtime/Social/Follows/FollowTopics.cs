using Veza.Domain.Social.Follows;

namespace Veza.Realtime.Social.Follows;

internal sealed class FollowTopics : EventTopics
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
