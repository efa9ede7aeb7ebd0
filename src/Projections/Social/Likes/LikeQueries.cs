using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Likes;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Feed;

namespace Veza.Projections.Social.Likes;

/// <param name="Position">The position of the like.</param>
public sealed record LikedTrackView(TrackSummaryView Track, DateTimeOffset Since, long Position);

/// <summary>Reads which tracks an account likes, and reposts.</summary>
public sealed class LikeQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        LikesProjection.ProjectionName,
        TracksProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];

    /// <summary>What <see cref="MarkAsync"/> reads.</summary>
    public static readonly string[] MarkReads = [LikesProjection.ProjectionName, ActivitiesProjection.ProjectionName];

    /// <summary>Marks the tracks that the reader likes and has reposted, now or as of a position.</summary>
    public async Task<List<TrackView>> MarkAsync(
        IReadOnlyCollection<TrackView> tracks,
        Guid reader,
        CancellationToken ct
    )
    {
        if (views.PointInTime() is { } past)
            await past.FoldAsync(
                past.StreamsAsync(
                    tracks.SelectMany(t =>
                        new[] { TrackLike.StreamId(t.Id, reader), TrackRepost.StreamId(t.Id, reader) }
                    ),
                    ct
                ),
                past.Table(Folds.Of<LikesProjection>()),
                past.Table(Folds.Of<ActivitiesProjection>())
            );
        var marks = await views.ListAsync<MarkRow>(
            $"""
            select track_id, true as liked from {views.Table<LikesProjection>()}
            where track_id = any (@ids) and account_id = @reader
            union all
            select subject_id, false from {views.Table<ActivitiesProjection>()}
            where actor_id = @reader and kind = 'Repost' and subject_id = any (@ids)
            """,
            new { reader, ids = tracks.Select(t => t.Id).ToArray() },
            ct
        );
        var liked = marks.Where(m => m.Liked).Select(m => m.TrackId).ToHashSet();
        var reposted = marks.Where(m => !m.Liked).Select(m => m.TrackId).ToHashSet();
        return [.. tracks.Select(t => t with { Liked = liked.Contains(t.Id), Reposted = reposted.Contains(t.Id) })];
    }

    /// <summary>The tracks that an account likes, the latest like first, without failed and removed ones.</summary>
    public async Task<List<LikedTrackView>> OfAccountAsync(
        Guid account,
        long? before,
        int limit,
        CancellationToken ct
    ) =>
        (
            await views.ListAsync<Row>(
                $"""
                select l.since, l.position, t.track_id, t.title, t.owner_id,
                       coalesce(p.user_name, '') as owner_name, t.genre, t.duration_ms
                from {views.Table<LikesProjection>()} l
                join {views.Table<TracksProjection>()} t on t.track_id = l.track_id
                left join {views.Table<ProfilesProjection>()} p on p.account_id = t.owner_id
                where l.account_id = @account and l.position < @before and t.status <> @failed
                order by l.position desc limit @limit
                """,
                new
                {
                    account,
                    before = before ?? long.MaxValue,
                    failed = nameof(TrackStatus.Failed),
                    limit,
                },
                ct
            )
        ).ConvertAll(r => new LikedTrackView(
            new(r.TrackId, r.Title, new(r.OwnerId, r.OwnerName), r.Genre, r.DurationMs),
            r.Since,
            r.Position
        ));

    private sealed record MarkRow(Guid TrackId, bool Liked);

    private sealed record Row(
        DateTimeOffset Since,
        long Position,
        Guid TrackId,
        string Title,
        Guid OwnerId,
        string OwnerName,
        string? Genre,
        long DurationMs
    );
}
