namespace Veza.Domain.Social.Comments;

/// <summary>What must be known of a comment on a track to decide about it.</summary>
public sealed record Comment(Guid Id, Guid TrackId, Guid AuthorId)
{
    /// <summary>A remark pinned to a moment, read while the track plays on.</summary>
    public const int TextBytesMax = 2_000;

    public static Comment Create(TrackCommented e) => new(e.CommentId, e.TrackId, e.AuthorId);
}
