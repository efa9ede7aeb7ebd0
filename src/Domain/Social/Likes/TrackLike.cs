namespace Veza.Domain.Social.Likes;

/// <summary>Whether an account likes a track, which may be its own.</summary>
public sealed record TrackLike(bool Liked)
{
    public static Guid StreamId(Guid trackId, Guid accountId) => StreamIds.Of("track_like", trackId, accountId);

    public static TrackLike Create(TrackLiked _) => new(Liked: true);

    public TrackLike Apply(TrackLiked _) => this with { Liked = true };

    public TrackLike Apply(TrackUnliked _) => this with { Liked = false };
}
