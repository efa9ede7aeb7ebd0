using Veza.Projections.Accounts;
using Veza.Projections.AsOf;

namespace Veza.Projections.Social.Comments;

/// <param name="AtMs">The time within the track that the comment is pinned to.</param>
public sealed record CommentView(
    Guid Id,
    AccountName Author,
    string Text,
    long AtMs,
    DateTimeOffset CreatedAt,
    long Position
);

/// <summary>Reads the comments on tracks, now or as of a position.</summary>
public sealed class CommentQueries(ReadModels views)
{
    public static readonly string[] Reads = [CommentsProjection.ProjectionName, ProfilesProjection.ProjectionName];

    /// <summary>A track's comments after a position, oldest first.</summary>
    public async Task<List<CommentView>> OnTrackAsync(Guid track, long after, int limit, CancellationToken ct)
    {
        views.PointInTime()?.ReadImmutable(Folds.Of<CommentsProjection>());
        views.PointInTime()?.ReadImmutable(Folds.Of<ProfilesProjection>());
        return (
            await views.ListAsync<Row>(
                $"""
                select c.comment_id as id, c.author_id, coalesce(p.user_name, '') as user_name,
                       c.text, c.at_ms, c.created_at, c.position
                from {views.Table<CommentsProjection>()} c
                left join {views.Table<ProfilesProjection>()} p on p.account_id = c.author_id
                where c.track_id = @track and c.position > @after order by c.position limit @limit
                """,
                new
                {
                    track,
                    after,
                    limit,
                },
                ct
            )
        ).ConvertAll(r => new CommentView(r.Id, new(r.AuthorId, r.UserName), r.Text, r.AtMs, r.CreatedAt, r.Position));
    }

    private sealed record Row(
        Guid Id,
        Guid AuthorId,
        string UserName,
        string Text,
        long AtMs,
        DateTimeOffset CreatedAt,
        long Position
    );
}
