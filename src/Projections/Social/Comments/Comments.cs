using Veza.Domain.Accounts;
using Veza.Domain.Social.Comments;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Social.Comments;

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
    public override string Name => "social.comments.v1";

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
