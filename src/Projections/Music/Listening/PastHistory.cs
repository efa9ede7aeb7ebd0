using Veza.Domain.Music.Listening;
using Veza.Projections.AsOf;
using Veza.Projections.Music.Tracks;

namespace Veza.Projections.Music.Listening;

internal static class PastHistory
{
    /// <summary>
    /// The listener's plays that began last before a position, each of its own stream and of the one in which it may
    /// have been counted.
    /// </summary>
    public static async Task FoldHistoryAsync(
        this PointInTime past,
        Guid listener,
        long before,
        int limit,
        CancellationToken ct
    )
    {
        // A play stays in the history for ever, so that today's rows tell which there were.
        var began = await past.Now.ListAsync<HistoryPlayRow>(
            """
            select * from views.music_history where listener_id = @listener and position < @before and position <= @asOf order by position desc limit @limit
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
