using Veza.Media.Formats;

namespace Veza.Media.Live;

/// <summary>One listener's cursor. It owns no audio: it reads the mount's frames, which all listeners share.</summary>
/// <remarks>
/// For one reader at a time. <c>while (await listener.WaitAsync(ct)) while (listener.TryRead(out var bytes)) …</c>
/// </remarks>
public sealed class MountListener : IDisposable
{
    private readonly Mount _mount;
    private long _next;
    private bool _seeksJoinPoint = true;
    private StreamHeaders _sentHeaders = StreamHeaders.None;
    private SoundFrame? _afterHeaders;
    private int _left;

    internal MountListener(Mount mount)
    {
        _mount = mount;
        _next = mount.Ring.JoinPosition();
    }

    /// <summary>How often this listener was too slow and skipped forward.</summary>
    public long Cuts { get; private set; }

    private bool HasMore => _afterHeaders is not null || _mount.Ring.Head >= _next;

    /// <returns>
    /// True when there may be something to read; false when the mount has ended and everything was read.
    /// </returns>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation) =>
        HasMore ? new(true) : WaitForMoreAsync(cancellation);

    /// <param name="bytes">Headers, or a whole frame. They never change, so the caller may hold them.</param>
    public bool TryRead(out ReadOnlyMemory<byte> bytes)
    {
        if (_afterHeaders is { } held)
        {
            _afterHeaders = null;
            bytes = held.Bytes;
            return true;
        }
        while (Next() is { } frame)
        {
            if (_seeksJoinPoint && !frame.IsJoinPoint)
                continue;
            _seeksJoinPoint = false;
            if (ReferenceEquals(frame.Headers, _sentHeaders))
            {
                bytes = frame.Bytes;
                return true;
            }
            // On joining, and wherever another logical stream begins.
            _sentHeaders = frame.Headers;
            _afterHeaders = frame.Headers.Bytes.IsEmpty ? null : frame;
            bytes = _afterHeaders is null ? frame.Bytes : frame.Headers.Bytes;
            return true;
        }
        bytes = default;
        return false;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            _mount.Leave();
    }

    private SoundFrame? Next()
    {
        while (_mount.Ring.Head >= _next)
        {
            if (_mount.Ring.Find(_next) is { } frame)
            {
                _next++;
                return frame;
            }
            // The frame left the ring before this listener read it. A listener that skips forward joins again.
            _next = Math.Max(_next + 1, _mount.Ring.JoinPosition());
            _seeksJoinPoint = true;
            Cuts++;
            _mount.CountCut();
        }
        return null;
    }

    private async ValueTask<bool> WaitForMoreAsync(CancellationToken cancellation)
    {
        while (true)
        {
            // Taken before the check, so that a publication between check and wait completes it.
            var wake = _mount.NextWake;
            var ended = _mount.State == MountState.Ended;
            if (HasMore)
                return true;
            if (ended)
                return false;
            await wake.WaitAsync(cancellation);
        }
    }
}
