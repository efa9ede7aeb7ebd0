namespace Veza.Domain.Music.Listening;

/// <summary>One listening to one track, from pressing play to its end.</summary>
/// <param name="HeardMs">Heard so far, pauses and skipped parts left out.</param>
/// <param name="PositionMs">Where in the track the listener is.</param>
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
    /// Heard this long, a play counts however long the track is; it is the length that charts and royalties elsewhere
    /// go by.
    /// </summary>
    public const long CountedMsMax = 30_000;

    /// <summary>
    /// How far a report may run ahead of the clock: players report from buffers, over networks that bunch requests up.
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

    /// <summary>What must be heard for a play to count, in ms: 30 s or half the track, whichever is less.</summary>
    public static long CountedFromMs(long durationMs) => Math.Min(CountedMsMax, (durationMs + 1) / 2);

    /// <summary>
    /// The most that can have been heard by now, in ms: no more than time has passed since the play began.
    /// </summary>
    /// <remarks>
    /// Reports are not held against one another: one that the network held up arrives late, and the next would then
    /// seem too fast.
    /// </remarks>
    public long HeardMsMax(DateTimeOffset now) =>
        // The clocks of two nodes may differ by a little; time never passes backwards.
        Math.Max(0, (long)(now - StartedAt).TotalMilliseconds) + ToleranceMs;
}
