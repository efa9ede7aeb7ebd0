namespace Veza.Domain.Music.Listening;

/// <summary>One play of one track by one listener, from its start to its end.</summary>
/// <param name="HeardMs">Milliseconds heard so far, without pauses and skipped parts.</param>
/// <param name="PositionMs">The listener's place in the track, in milliseconds.</param>
public sealed record Play(
    Guid Id,
    Guid TrackId,
    Guid ListenerId,
    Guid SessionId,
    long DurationMs,
    DateTimeOffset StartedAt,
    long HeardMs,
    long PositionMs,
    bool Ended
)
{
    /// <summary>
    /// A play of this length counts, however long the track is. Charts and royalties elsewhere use the same length.
    /// </summary>
    public const long CountedMsMax = 30_000;

    /// <summary>
    /// How far a report may run ahead of the clock. Players report from buffers, and networks delay requests.
    /// </summary>
    public const long ToleranceMs = 2_000;

    public static Play Create(PlayStarted e) =>
        new(e.PlayId, e.TrackId, e.ListenerId, e.SessionId, e.DurationMs, e.At, 0, 0, Ended: false);

    public Play Apply(PlayProgressed e) =>
        this with
        {
            HeardMs = e.HeardMs,
            PositionMs = e.PositionMs,
            Ended = e.Ended,
        };

    /// <summary>How much of a track makes a play count, in ms: 30 s or half the track, whichever is less.</summary>
    public static long CountedFromMs(long durationMs) => Math.Min(CountedMsMax, (durationMs + 1) / 2);

    /// <summary>
    /// The most that the listener can have heard by now, in ms: the time since the play began.
    /// </summary>
    /// <remarks>
    /// Reports are not compared with each other. After a report that the network delayed, the next one would seem too
    /// fast.
    /// </remarks>
    public long HeardMsMax(DateTimeOffset now) =>
        // The clocks of two nodes may differ a little, so the difference may be negative.
        Math.Max(0, (long)(now - StartedAt).TotalMilliseconds) + ToleranceMs;
}
