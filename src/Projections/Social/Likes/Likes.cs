using Veza.Domain.Social.Likes;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Social.Likes;

/// <summary>One account that likes a track now.</summary>
public sealed record LikeRow(Guid TrackId, Guid AccountId, DateTimeOffset Since, long Position);

public sealed class LikesProjection : Projection<LikeRow, (Guid TrackId, Guid AccountId)>
{
    public const string ProjectionName = "social.likes.v1";

    public override string Name => ProjectionName;

    public LikesProjection()
    {
        Identity<TrackLiked>(e => (e.TrackId, e.AccountId));
        Identity<TrackUnliked>(e => (e.TrackId, e.AccountId));
        Index("account_id, position desc");
    }

    public static LikeRow Create(TrackLiked e, RecordedEvent at) => new(e.TrackId, e.AccountId, at.At, at.Position);

    public static LikeRow? Apply(TrackUnliked _, LikeRow row) => null;
}
