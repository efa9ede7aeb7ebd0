using Veza.Domain.Music.Tracks;
using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Live.Broadcasts;
using Veza.Projections.Music.Tracks;
using Veza.Projections.Social.Follows;

namespace Veza.Projections.Social.Feed;

/// <param name="Track">The track of an upload or a repost.</param>
/// <param name="Reason">Why the entry is in this feed, as a text for people.</param>
public sealed record FeedEntryView(
    long Position,
    ActivityKind Kind,
    DateTimeOffset At,
    AccountName Actor,
    TrackSummaryView? Track,
    BroadcastSummaryView? Broadcast,
    string Reason
);

/// <summary>A broadcast as a feed names it.</summary>
public sealed record BroadcastSummaryView(Guid Id, string Title);

/// <summary>Reads the feed of an account, now or as of a position.</summary>
public sealed class FeedQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        ActivitiesProjection.ProjectionName,
        FollowsProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
        TracksProjection.ProjectionName,
        BroadcastsProjection.ProjectionName,
    ];

    /// <summary>
    /// Newest activities of all accounts that are searched first. A reader who follows many accounts finds a page among
    /// a few dozen of them. Searching all of them in vain costs less than the fallback: one look-up per followed
    /// account.
    /// </summary>
    private const int RecentMax = 1_000;

    private string Recent() =>
        $"""
            select a.position, a.kind, a.at, a.actor_id, a.subject_id
            from (select * from {views.Table<ActivitiesProjection>()} a
                  where a.position < @before order by a.position desc limit @recentMax) a
            where exists (select from {views.Table<FollowsProjection>()} f
                          where f.follower_id = @reader and f.followee_id = a.actor_id)
            order by a.position desc limit @limit
            """;

    // A page of N entries can only come from the N followed accounts with the newest latest activity. One index look-up
    // per followed account finds these.
    private string OfEach() =>
        $"""
            select a.position, a.kind, a.at, a.actor_id, a.subject_id
            from (select f.followee_id as id, newest.position
                  from {views.Table<FollowsProjection>()} f cross join lateral (
                      select a.position from {views.Table<ActivitiesProjection>()} a
                      where a.actor_id = f.followee_id and a.position < @before
                      order by a.position desc limit 1) newest
                  where f.follower_id = @reader order by newest.position desc limit @limit) actors
            cross join lateral (
                select * from {views.Table<ActivitiesProjection>()} a
                where a.actor_id = actors.id and a.position < @before order by a.position desc limit @limit) a
            order by a.position desc limit @limit
            """;

    /// <summary>
    /// Activities of the accounts that <paramref name="reader"/> follows, newest first, including those from before the
    /// reader followed them.
    /// </summary>
    /// <remarks>
    /// The feed is assembled when it is read, so that following an account costs nothing and shows immediately.
    /// </remarks>
    public async Task<List<FeedEntryView>> PageAsync(Guid reader, long? before, int limit, CancellationToken ct)
    {
        var entries = new List<FeedEntryView>();
        // When a track fails, its upload leaves the activities. The event does not name its reposts: they are dropped
        // here, and replaced by entries from further back.
        var from = before ?? long.MaxValue;
        for (var step = limit; ; step *= 2)
        {
            var rows = await RowsAsync(reader, from, step, ct);
            entries.AddRange(
                rows.Where(r => r is not { Kind: ActivityKind.Repost, TrackStatus: TrackStatus.Failed }).Select(Entry)
            );
            if (entries.Count >= limit || rows.Count < step)
                return entries[..Math.Min(limit, entries.Count)];
            from = rows[^1].Position;
        }
    }

    private async Task<List<Row>> RowsAsync(Guid reader, long before, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldFeedAsync(reader, before, limit, ct);
        var parameters = new
        {
            reader,
            before,
            limit,
            recentMax = RecentMax,
        };
        // A full page among the newest activities is complete: all others are older.
        var recent = await ReadAsync(Recent(), parameters, ct);
        return recent.Count == limit ? recent : await ReadAsync(OfEach(), parameters, ct);
    }

    private Task<List<Row>> ReadAsync(string page, object parameters, CancellationToken ct) =>
        views.ListAsync<Row>(
            $"""
            select p.position, p.kind, p.at, p.actor_id, coalesce(actor.user_name, '') as actor_name,
                   t.track_id, t.title as track_title, t.owner_id, owner.user_name as owner_name,
                   t.genre, t.duration_ms, t.status as track_status,
                   b.broadcast_id, b.title as broadcast_title
            from page p
            left join {views.Table<ProfilesProjection>()} actor on actor.account_id = p.actor_id
            left join {views.Table<TracksProjection>()} t on p.kind <> 'Broadcast' and t.track_id = p.subject_id
            left join {views.Table<ProfilesProjection>()} owner on owner.account_id = t.owner_id
            left join {views.Table<BroadcastsProjection>()} b on p.kind = 'Broadcast' and b.broadcast_id = p.subject_id
            order by p.position desc
            """,
            parameters,
            ct,
            with: $"page as materialized ({page})"
        );

    private static FeedEntryView Entry(Row r) =>
        new(
            r.Position,
            r.Kind,
            r.At,
            new(r.ActorId, r.ActorName),
            r.TrackId is { } track
                ? new(track, r.TrackTitle!, new(r.OwnerId!.Value, r.OwnerName ?? ""), r.Genre, r.DurationMs!.Value)
                : null,
            r.BroadcastId is { } broadcast ? new(broadcast, r.BroadcastTitle!) : null,
            $"You follow {r.ActorName}"
        );

    private sealed record Row(
        long Position,
        ActivityKind Kind,
        DateTimeOffset At,
        Guid ActorId,
        string ActorName,
        Guid? TrackId,
        string? TrackTitle,
        Guid? OwnerId,
        string? OwnerName,
        string? Genre,
        long? DurationMs,
        TrackStatus? TrackStatus,
        Guid? BroadcastId,
        string? BroadcastTitle
    );
}
