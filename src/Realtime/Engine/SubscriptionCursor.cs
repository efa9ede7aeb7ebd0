namespace Veza.Realtime.Engine;

/// <summary>
/// The position of a subscription in the log, and the position up to which it must read.
/// </summary>
/// <remarks>
/// It never passes an event of the subscription unread: the engine notes the first such event, and
/// <see cref="LookForMore"/> moves no further than that. Only the subscription's reader uses it, except for
/// <see cref="Note"/> and <see cref="IsNoted"/>, which any thread may call.
/// </remarks>
internal sealed class SubscriptionCursor(long after)
{
    private const long None = 0;

    private long _noted = None;

    /// <summary>The reader has seen every event of the subscription up to here.</summary>
    public long Position { get; private set; } = after;

    /// <summary>Events up to here may concern the subscription and must be read.</summary>
    public long ScanTo { get; private set; }

    public bool IsCaughtUp => Position >= ScanTo;

    /// <summary>Events between the cursor and the position up to which it must read.</summary>
    public long Behind => ScanTo - Position;

    public bool IsNoted => Volatile.Read(ref _noted) != None;

    /// <summary>Records an event of the subscription, unless an earlier one is recorded already.</summary>
    /// <returns>Whether it is the first since the reader last looked.</returns>
    public bool Note(long position) => Interlocked.CompareExchange(ref _noted, position, None) == None;

    public void MoveTo(long position) => Position = Math.Max(Position, position);

    public void ScanAtLeastTo(long position) => ScanTo = Math.Max(ScanTo, position);

    /// <summary>
    /// Moves on when the reader has caught up: to just before the first noted event, or to the engine's position when
    /// there is none.
    /// </summary>
    public void LookForMore(LiveEngine engine)
    {
        // Read before the note: the engine notes an event before its position reaches it.
        var position = engine.Position;
        var noted = Interlocked.Exchange(ref _noted, None);
        if (noted == None)
        {
            MoveTo(position);
            return;
        }
        MoveTo(noted - 1);
        // Later events went unnoted, up to wherever the engine is within its page. None of them is beyond the head.
        ScanTo = Math.Max(position, engine.Log.Head);
    }
}
