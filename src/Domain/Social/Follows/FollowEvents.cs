namespace Veza.Domain.Social.Follows;

public abstract record FollowEvent : DomainEvent;

public sealed record FollowStarted(Guid FollowerId, Guid FolloweeId) : FollowEvent;

public sealed record FollowStopped(Guid FollowerId, Guid FolloweeId) : FollowEvent;
