using Veza.Domain.Accounts;
using Veza.Domain.Social.Comments;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Social.Comments;

/// <summary>A comment on a track.</summary>
public sealed record CommentRow(
    Guid CommentId,
    Guid TrackId,
    Guid AuthorId,
    string Text,
    long AtMs,
    DateTimeOffset CreatedAt,
    long Position
);

public sealed class CommentsProjection : Projection<CommentRow, Guid>
{
    public const string ProjectionName = "social.comments.v1";

    public override string Name => ProjectionName;

    public CommentsProjection()
    {
        Identity<TrackCommented>(e => e.CommentId);
        Index("track_id, position");
        Index("author_id");
        Erases<AccountErased>(e => e.AccountId, "author_id", ("text", ""));
    }

    public static CommentRow Create(TrackCommented e, RecordedEvent at) =>
        new(e.CommentId, e.TrackId, e.AuthorId, e.Text, e.AtMs, at.At, at.Position);
}
