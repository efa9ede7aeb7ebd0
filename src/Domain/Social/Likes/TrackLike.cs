namespace Veza.Domain.Social.Likes;

/// <summary>Whether an account likes a track. One's own tracks may be liked too.</summary>
public sealed record TrackLike(bool Liked)
{
    public static Guid StreamId(Guid trackId, Guid accountId) => StreamIds.Of("track_like", trackId, accountId);

    public static TrackLike Create(TrackLiked _) => new(Liked: true);

    public TrackLike Apply(TrackLiked _) => this with { Liked = true };

    public TrackLike Apply(TrackUnliked _) => this with { Liked = false };
}

/// <summary>
/// Whether an account passes a track on to its followers. One's own tracks may be reposted too: that is how an old one
/// is brought up again.
/// </summary>
public sealed record TrackRepost(bool Reposted)
{
    public static Guid StreamId(Guid trackId, Guid accountId) => StreamIds.Of("track_repost", trackId, accountId);

    public static TrackRepost Create(TrackReposted _) => new(Reposted: true);

    public TrackRepost Apply(TrackReposted _) => this with { Reposted = true };

    public TrackRepost Apply(TrackRepostRemoved _) => this with { Reposted = false };
}
