namespace Veza.Media;

/// <summary>An object of a bucket as a seekable, read-only stream that requests one window at a time.</summary>
/// <remarks>
/// For one reader at a time. It buffers nothing: a window is the range of one request. A window that breaks off is
/// requested again from the break, <see cref="BreaksMax"/> times; then reading throws
/// <see cref="MediaStorageException"/>.
/// </remarks>
/// <param name="open">Opens the range from the first position to the last, both included.</param>
internal sealed class ObjectStream(long length, Func<long, long, CancellationToken, Task<Stream>> open) : Stream
{
    /// <summary>
    /// Some minutes of sound: a listener of a whole track makes few requests, and a reader of a few bytes wastes no
    /// more than the bytes in flight.
    /// </summary>
    public const int WindowBytes = 4 << 20;

    /// <summary>
    /// Breaks of one window: a listener who pauses for longer than the storage keeps a connection open causes one.
    /// </summary>
    public const int BreaksMax = 2;

    /// <summary>Time without a byte after which the storage counts as broken.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(30);

    private Stream? _window;
    private long _position;
    private long _windowEnd;
    private int _breaks;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (value == _position)
                return;
            End();
            _position = value;
        }
    }

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            SeekOrigin.End => length + offset,
            _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, null),
        };

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= length || buffer.IsEmpty)
            return 0;
        while (true)
        {
            var window = _window ??= await OpenAsync(cancellationToken);
            if (await TryReadAsync(window, buffer, cancellationToken) is { } read)
            {
                _position += read;
                if (_position == _windowEnd)
                    End();
                return read;
            }
            Drop();
            if (++_breaks > BreaksMax)
                throw new MediaStorageException(new IOException($"the storage broke off {_breaks} times"));
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("it is read asynchronously");

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new NotSupportedException("it is read only");

    public override void SetLength(long value) => throw new NotSupportedException("it is read only");

    public override void Flush() { }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Drop();
        base.Dispose(disposing);
    }

    private Task<Stream> OpenAsync(CancellationToken ct)
    {
        _windowEnd = Math.Min(length, _position + WindowBytes);
        return open(_position, _windowEnd - 1, ct);
    }

    /// <returns>Null when the window has broken off.</returns>
    private static async Task<int?> TryReadAsync(Stream window, Memory<byte> buffer, CancellationToken ct)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(SilenceMax);
        try
        {
            return await window.ReadAsync(buffer, limited.Token) is > 0 and var read ? read : null;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Ends the window; the next read requests another.</summary>
    private void End()
    {
        Drop();
        _breaks = 0;
    }

    private void Drop()
    {
        _window?.Dispose();
        _window = null;
    }
}
