namespace Veza.Domain.Social.Follows;

/// <summary>
/// Whether one account follows another. Each pair has one stream, so a popular account is no bottleneck.
/// </summary>
public sealed record Follow(bool Active)
{
    public static Guid StreamId(Guid followerId, Guid followeeId) => StreamIds.Of("follow", followerId, followeeId);

    public static Follow Create(FollowStarted _) => new(Active: true);

    public Follow Apply(FollowStarted _) => this with { Active = true };

    public Follow Apply(FollowStopped _) => this with { Active = false };
}
