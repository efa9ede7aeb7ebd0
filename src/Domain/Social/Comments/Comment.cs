namespace Veza.Domain.Social.Comments;

/// <summary>A comment on a track, as far as decisions need it.</summary>
public sealed record Comment(Guid Id, Guid TrackId, Guid AuthorId)
{
    /// <summary>A remark at a moment of the track, read while the track plays on.</summary>
    public const int TextBytesMax = 2_000;

    public static Comment Create(TrackCommented e) => new(e.CommentId, e.TrackId, e.AuthorId);
}
