namespace Veza.Domain.Social.Comments;

public abstract record CommentEvent : DomainEvent;

/// <param name="AtMs">The comment's moment in the track, in milliseconds.</param>
public sealed record TrackCommented(
    Guid CommentId,
    Guid TrackId,
    Guid OwnerId,
    Guid AuthorId,
    [property: Personal(nameof(TrackCommented.AuthorId))] string Text,
    long AtMs
) : CommentEvent;
