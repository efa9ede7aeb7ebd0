namespace Veza.Domain.Social.Likes;

/// <summary>
/// Whether an account reposts a track to its followers. It may repost its own track to bring an old one up again.
/// </summary>
public sealed record TrackRepost(bool Reposted)
{
    public static Guid StreamId(Guid trackId, Guid accountId) => StreamIds.Of("track_repost", trackId, accountId);

    public static TrackRepost Create(TrackReposted _) => new(Reposted: true);

    public TrackRepost Apply(TrackReposted _) => this with { Reposted = true };

    public TrackRepost Apply(TrackRepostRemoved _) => this with { Reposted = false };
}
