using Veza.Domain.Music.Tracks;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Social.Feed;

/// <param name="Track">Of an upload or a repost.</param>
/// <param name="Reason">Why it is in this feed, for people to read.</param>
public sealed record FeedEntryView(
    long Position,
    ActivityKind Kind,
    DateTimeOffset At,
    AccountName Actor,
    TrackSummaryView? Track,
    BroadcastSummaryView? Broadcast,
    string Reason
);

/// <summary>A broadcast as it is named in a feed.</summary>
public sealed record BroadcastSummaryView(Guid Id, string Title);

public sealed class FeedQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        "social.activities.v2",
        "social.follows.v1",
        "accounts.profiles.v1",
        "music.tracks.v2",
        "live.broadcasts.v1",
    ];

    /// <summary>
    /// Activities of anybody that are looked at first. Whoever follows many finds a page among a few dozen of them;
    /// looking at all for nothing costs less than looking up each of those they follow, which then has to be done.
    /// </summary>
    private const int RecentMax = 1_000;

    private const string Recent = """
        select a.position, a.kind, a.at, a.actor_id, a.subject_id
        from (select * from views.social_activities a where a.position < @before order by a.position desc limit @recentMax) a
        where exists (select from views.social_follows f where f.follower_id = @reader and f.followee_id = a.actor_id)
        order by a.position desc limit @limit
        """;

    // A page of N entries can only come from the N accounts whose newest activity is newest: one look into the index
    // per account followed finds these.
    private const string OfEach = """
        select a.position, a.kind, a.at, a.actor_id, a.subject_id
        from (select f.followee_id as id, newest.position
              from views.social_follows f cross join lateral (
                  select a.position from views.social_activities a where a.actor_id = f.followee_id and a.position < @before order by a.position desc limit 1) newest
              where f.follower_id = @reader order by newest.position desc limit @limit) actors
        cross join lateral (
            select * from views.social_activities a where a.actor_id = actors.id and a.position < @before order by a.position desc limit @limit) a
        order by a.position desc limit @limit
        """;

    /// <summary>
    /// What those whom <paramref name="reader"/> follows did, newest first; their past before they were followed
    /// included.
    /// </summary>
    /// <remarks>
    /// The feed is put together when it is read, so that following somebody costs nothing and shows at once.
    /// </remarks>
    public async Task<List<FeedEntryView>> PageAsync(Guid reader, long? before, int limit, CancellationToken ct)
    {
        var entries = new List<FeedEntryView>();
        // When a track fails its upload leaves the activities; its reposts, of which the event does not know, are left
        // out here and made up for from further back.
        for (var (from, step) = (before ?? long.MaxValue, limit); ; step *= 2)
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
        if (views.PointInTime is { } past)
            await past.FoldFeedAsync(reader, before, limit, ct);
        var parameters = new
        {
            reader,
            before,
            limit,
            recentMax = RecentMax,
        };
        // A whole page found among the newest of all is the page: whatever else there is, is older.
        var recent = await ReadAsync(Recent, parameters, ct);
        return recent.Count == limit ? recent : await ReadAsync(OfEach, parameters, ct);
    }

    private Task<List<Row>> ReadAsync(string page, object parameters, CancellationToken ct) =>
        views.ListAsync<Row>(
            $"""
            with page as materialized ({page})
            select p.position, p.kind, p.at, p.actor_id, coalesce(actor.user_name, '') as actor_name,
                   t.track_id, t.title as track_title, t.owner_id, owner.user_name as owner_name, t.genre, t.duration_ms, t.status as track_status,
                   b.broadcast_id, b.title as broadcast_title
            from page p
            left join views.accounts_profiles actor on actor.account_id = p.actor_id
            left join views.music_tracks t on p.kind <> 'Broadcast' and t.track_id = p.subject_id
            left join views.accounts_profiles owner on owner.account_id = t.owner_id
            left join views.live_broadcasts b on p.kind = 'Broadcast' and b.broadcast_id = p.subject_id
            order by p.position desc
            """,
            parameters,
            ct
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
