namespace Veza.Domain.Social.Likes;

/// <summary>
/// One account's like of one track. Each pair has one stream, so a popular track is no bottleneck. Reposts are the
/// same.
/// </summary>
public abstract record LikeEvent : DomainEvent;

public sealed record TrackLiked(Guid TrackId, Guid OwnerId, Guid AccountId) : LikeEvent;

public sealed record TrackUnliked(Guid TrackId, Guid OwnerId, Guid AccountId) : LikeEvent;

public abstract record RepostEvent : DomainEvent;

public sealed record TrackReposted(Guid TrackId, Guid OwnerId, Guid AccountId) : RepostEvent;

public sealed record TrackRepostRemoved(Guid TrackId, Guid OwnerId, Guid AccountId) : RepostEvent;
