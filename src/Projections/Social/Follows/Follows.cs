using Veza.Domain.Social.Follows;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Social.Follows;

/// <summary>Who follows whom now, and since when.</summary>
public sealed record FollowRow(Guid FollowerId, Guid FolloweeId, DateTimeOffset Since, long Position);

public sealed class FollowsProjection : Projection<FollowRow, (Guid FollowerId, Guid FolloweeId)>
{
    public override string Name => "social.follows.v1";

    public FollowsProjection()
    {
        Identity<FollowStarted>(e => (e.FollowerId, e.FolloweeId));
        Identity<FollowStopped>(e => (e.FollowerId, e.FolloweeId));
        Index("follower_id, position desc");
        Index("followee_id, position desc");
    }

    public static FollowRow Create(FollowStarted e, RecordedEvent at) =>
        new(e.FollowerId, e.FolloweeId, at.At, at.Position);

    public static FollowRow? Apply(FollowStopped _, FollowRow row) => null;
}
