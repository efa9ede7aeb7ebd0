namespace Veza.Domain.Social.Likes;

/// <summary>
/// One account's like or repost of one track; each pair has a stream of its own, so that a popular track is no
/// bottleneck.
/// </summary>
public abstract record LikeEvent : DomainEvent;

public sealed record TrackLiked(Guid TrackId, Guid OwnerId, Guid AccountId) : LikeEvent;

public sealed record TrackUnliked(Guid TrackId, Guid OwnerId, Guid AccountId) : LikeEvent;

public abstract record RepostEvent : DomainEvent;

public sealed record TrackReposted(Guid TrackId, Guid OwnerId, Guid AccountId) : RepostEvent;

public sealed record TrackRepostRemoved(Guid TrackId, Guid OwnerId, Guid AccountId) : RepostEvent;
