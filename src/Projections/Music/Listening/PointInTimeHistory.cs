using Veza.Domain.Music.Listening;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Listening;

/// <summary>Folds the rows that histories as of a position read.</summary>
internal static class PointInTimeHistory
{
    /// <summary>
    /// Folds the listener's newest plays that began before a position. A play's events are in its own stream, and in
    /// the stream that counts it.
    /// </summary>
    public static async Task FoldHistoryAsync(
        this PointInTime past,
        Guid listener,
        long before,
        int limit,
        CancellationToken ct
    )
    {
        // No event removes a play from the history, so today's rows name the plays of the past.
        var began = await past.Now.ListAsync<HistoryPlayRow>(
            $"""
            select * from {past.Now.Table<HistoryProjection>()}
            where listener_id = @listener and position < @before and position <= @asOf
            order by position desc limit @limit
            """,
            new
            {
                listener,
                before,
                asOf = past.Position,
                limit,
            },
            ct
        );
        var from = began.Count == 0 ? past.Position : began[^1].Position;
        var hearings = new List<Guid>();
        await foreach (var e in past.StreamsAsync(began.Select(p => p.PlayId), ct, from))
            if (e.Data is PlayStarted started)
                hearings.Add(CountedListen.StreamId(started.ListenerId, started.TrackId, started.SessionId));
        await past.FoldAsync(
            past.StreamsAsync([.. began.Select(p => p.PlayId), .. hearings], ct, from),
            past.Table(Folds.Of<HistoryProjection>())
        );
        await past.FoldTracksAsync(began.Select(p => p.TrackId), ct);
    }
}
