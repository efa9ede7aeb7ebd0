using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>
/// The newest frames of a broadcast, held once for all listeners. One thread writes at a time; readers take no lock.
/// </summary>
/// <remarks>
/// A reader asks for a frame by its number, and gets null when the frame is gone. So a stalled reader holds only a
/// number, where a linked list would keep every later frame alive.
/// </remarks>
internal sealed class FrameRing(BroadcastLimits limits, TimeProvider time)
{
    /// <summary>
    /// 15 s of the smallest frames sent one by one (MP3: 38 a second) fit. A power of two, because a mask computes the
    /// slot.
    /// </summary>
    public const int FramesMax = 1024;

    private readonly SoundFrame?[] _slots = new SoundFrame?[FramesMax];
    private long _head;
    private long _tail = 1;
    private int _bytes;

    /// <summary>The number of the newest frame; 0 before the first.</summary>
    public long Head => Volatile.Read(ref _head);

    public void Add(SoundFrame frame)
    {
        var now = time.GetTimestamp();
        frame.Number(_head + 1, now);
        _bytes += frame.Bytes.Length;
        while (
            _tail <= _head
            && (
                _head - _tail + 2 > FramesMax
                || _bytes > limits.RingBytesMax
                || IsOlder(Slot(_tail)!, now, limits.RingSpan)
            )
        )
            RemoveOldest();
        Volatile.Write(ref Slot(frame.Sequence), frame);
        Volatile.Write(ref _head, frame.Sequence);
    }

    /// <returns>The frame, or null when it is gone or not here yet.</returns>
    public SoundFrame? Find(long sequence) =>
        Volatile.Read(ref Slot(sequence)) is { } frame && frame.Sequence == sequence ? frame : null;

    /// <summary>
    /// Where a new listener begins: the oldest join point within the burst; if there is none, the next frame to come.
    /// </summary>
    public long JoinPosition()
    {
        var head = Head;
        var now = time.GetTimestamp();
        var (position, bytes) = (head + 1, 0);
        for (var at = head; Find(at) is { } frame; at--)
        {
            bytes += frame.Bytes.Length;
            if (bytes > limits.BurstBytesMax || IsOlder(frame, now, limits.BurstSpan))
                break;
            if (frame.IsJoinPoint)
                position = at;
        }
        return position;
    }

    /// <summary>Where a late reader continues: the newest join point, or else the next frame.</summary>
    public long NewestJoinPoint()
    {
        var head = Head;
        for (var at = head; Find(at) is { } frame; at--)
            if (frame.IsJoinPoint)
                return at;
        return head + 1;
    }

    public bool IsOlder(SoundFrame frame, TimeSpan span) => IsOlder(frame, time.GetTimestamp(), span);

    private void RemoveOldest()
    {
        _bytes -= Slot(_tail)!.Bytes.Length;
        Volatile.Write(ref Slot(_tail), null);
        _tail++;
    }

    private ref SoundFrame? Slot(long sequence) => ref _slots[sequence & (FramesMax - 1)];

    private bool IsOlder(SoundFrame frame, long now, TimeSpan span) =>
        time.GetElapsedTime(frame.PublishedAt, now) > span;
}
