using Veza.Projections.Accounts;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Listening;

/// <param name="At">When the play began.</param>
/// <param name="HeardMs">Milliseconds heard, without pauses and skipped parts.</param>
/// <param name="Counted">Whether it is the play of this track that counts for the sign-in session.</param>
public sealed record HistoryEntryView(
    Guid PlayId,
    TrackSummaryView Track,
    DateTimeOffset At,
    long HeardMs,
    bool Counted,
    long Position
);

/// <summary>Reads listening histories, now or as of a position.</summary>
public sealed class HistoryQueries(ReadModels views)
{
    public static readonly string[] Reads =
    [
        HistoryProjection.ProjectionName,
        TracksProjection.ProjectionName,
        ProfilesProjection.ProjectionName,
    ];

    /// <summary>An account's plays, newest first.</summary>
    public async Task<List<HistoryEntryView>> PageAsync(Guid listener, long? before, int limit, CancellationToken ct)
    {
        if (views.PointInTime() is { } past)
            await past.FoldHistoryAsync(listener, before ?? long.MaxValue, limit, ct);
        return (
            await views.ListAsync<Row>(
                $"""
                select h.play_id, h.track_id, t.title, t.owner_id, coalesce(p.user_name, '') as owner_name,
                       t.genre, t.duration_ms, h.at, h.heard_ms, h.counted, h.position
                from {views.Table<HistoryProjection>()} h
                join {views.Table<TracksProjection>()} t on t.track_id = h.track_id
                left join {views.Table<ProfilesProjection>()} p on p.account_id = t.owner_id
                where h.listener_id = @listener and h.position < @before order by h.position desc limit @limit
                """,
                new
                {
                    listener,
                    before = before ?? long.MaxValue,
                    limit,
                },
                ct
            )
        ).ConvertAll(r => new HistoryEntryView(
            r.PlayId,
            new(r.TrackId, r.Title, new(r.OwnerId, r.OwnerName), r.Genre, r.DurationMs),
            r.At,
            r.HeardMs,
            r.Counted,
            r.Position
        ));
    }

    private sealed record Row(
        Guid PlayId,
        Guid TrackId,
        string Title,
        Guid OwnerId,
        string OwnerName,
        string? Genre,
        long DurationMs,
        DateTimeOffset At,
        long HeardMs,
        bool Counted,
        long Position
    );
}
