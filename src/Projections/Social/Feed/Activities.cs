using Veza.Domain.Live.Broadcasts;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Social.Feed;

public enum ActivityKind
{
    Upload,
    Repost,
    Broadcast,
}

/// <summary>
/// Something an account did that its followers see in their feeds. What was taken back, an upload that failed and a
/// broadcast that is over are gone.
/// </summary>
/// <param name="SubjectId">The track of an upload or a repost; the broadcast.</param>
public sealed record ActivityRow(Guid ActorId, ActivityKind Kind, Guid SubjectId, DateTimeOffset At, long Position);

public sealed class ActivitiesProjection : Projection<ActivityRow, (Guid ActorId, ActivityKind Kind, Guid SubjectId)>
{
    public override string Name => "social.activities.v2";

    public ActivitiesProjection()
    {
        Identity<TrackUploaded>(e => (e.OwnerId, ActivityKind.Upload, e.TrackId));
        Identity<TrackReposted>(e => (e.AccountId, ActivityKind.Repost, e.TrackId));
        Identity<TrackRepostRemoved>(e => (e.AccountId, ActivityKind.Repost, e.TrackId));
        Identity<TrackProcessingFailed>(e => (e.OwnerId, ActivityKind.Upload, e.TrackId));
        Identity<BroadcastStarted>(e => (e.OwnerId, ActivityKind.Broadcast, e.BroadcastId));
        Identity<BroadcastEnded>(e => (e.OwnerId, ActivityKind.Broadcast, e.BroadcastId));
        Index("actor_id, position desc");
        Index("position desc");
    }

    public static ActivityRow Create(TrackUploaded e, RecordedEvent at) =>
        new(e.OwnerId, ActivityKind.Upload, e.TrackId, at.At, at.Position);

    public static ActivityRow Create(TrackReposted e, RecordedEvent at) =>
        new(e.AccountId, ActivityKind.Repost, e.TrackId, at.At, at.Position);

    public static ActivityRow Create(BroadcastStarted e, RecordedEvent at) =>
        new(e.OwnerId, ActivityKind.Broadcast, e.BroadcastId, at.At, at.Position);

    public static ActivityRow? Apply(TrackRepostRemoved _, ActivityRow row) => null;

    public static ActivityRow? Apply(TrackProcessingFailed _, ActivityRow row) => null;

    public static ActivityRow? Apply(BroadcastEnded _, ActivityRow row) => null;
}
