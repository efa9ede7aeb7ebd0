namespace Veza.Domain.Social.Comments;

public abstract record CommentEvent : DomainEvent;

/// <param name="AtMs">The moment of the track that the comment is pinned to.</param>
public sealed record TrackCommented(
    Guid CommentId,
    Guid TrackId,
    Guid OwnerId,
    Guid AuthorId,
    [property: Personal(nameof(TrackCommented.AuthorId))] string Text,
    long AtMs
) : CommentEvent;
