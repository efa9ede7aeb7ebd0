using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Threading.Tasks.Sources;

namespace Veza.Realtime.Sockets;

/// <summary>
/// The client's messages without its pings, as the pipe that the hub reads. It holds a buffer only from a message's
/// first byte until the hub has consumed its last.
/// </summary>
/// <remarks>
/// One reader at a time, as in any pipe; <see cref="CancelPendingRead"/> may come from any thread. A client that
/// closes, with or without a handshake, completes the pipe; another fault is thrown to the reader.
/// </remarks>
internal sealed class LiveSocketReader(WebSocket socket, LiveSocket connection)
    : PipeReader,
        IValueTaskSource<ReadResult>
{
    /// <summary>
    /// Fits the usual message of a client. A longer one is read in parts, up to the hub's limit.
    /// </summary>
    private const int BufferBytes = 4096;

    /// <summary>
    /// A ping as SignalR's clients write it, with the separator. The hub gets pings in any other format.
    /// </summary>
    private static ReadOnlySpan<byte> Ping => "{\"type\":6}\u001e"u8;

    private readonly Lock _gate = new();

    // The receiving thread continues as the reader, without a switch of threads.
    private ManualResetValueTaskSourceCore<ReadResult> _result;
    private ReadOnlySequence<byte> _handedOut;
    private byte[]? _buffer;
    private int _start;
    private int _end;
    private bool _isExamined;
    private bool _hasEnded;
    private bool _isReceiving;
    private bool _isWaiting;
    private bool _isCancelled;
    private Exception? _fault;

    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
            return TryTake(out result);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.CanBeCanceled ? ReadUnlessAsync(cancellationToken) : ReadAsync();

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            if (_handedOut.IsEmpty)
                return;
            _isExamined = _handedOut.Slice(examined).IsEmpty;
            _start = _end - (int)_handedOut.Slice(consumed).Length;
            _handedOut = default;
            if (_start == _end)
                ReturnBuffer();
        }
    }

    /// <summary>
    /// Ends the wait for a message. The receive in progress continues: cancelling it would abort the socket, and lose
    /// the hub's close message.
    /// </summary>
    public override void CancelPendingRead()
    {
        lock (_gate)
        {
            if (!_isWaiting)
            {
                _isCancelled = true;
                return;
            }
            _isWaiting = false;
        }
        // On the pool, as the caller may be the heartbeat of all connections.
        ThreadPool.UnsafeQueueUserWorkItem(
            static me => me._result.SetResult(new(default, isCanceled: true, isCompleted: false)),
            this,
            preferLocal: false
        );
    }

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
            // A receive in progress would still write into the buffer.
            if (!_isReceiving)
                ReturnBuffer();
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _result.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _result.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _result.OnCompleted(continuation, state, token, flags);

    private ValueTask<ReadResult> ReadAsync()
    {
        ValueTask<ReadResult> wait;
        lock (_gate)
        {
            if (TryTake(out var result))
                return new(result);
            _isWaiting = true;
            _result.Reset();
            wait = new(this, _result.Version);
            if (_isReceiving)
                return wait;
            _isReceiving = true;
        }
        _ = ReceiveAsync();
        return wait;
    }

    private async ValueTask<ReadResult> ReadUnlessAsync(CancellationToken ct)
    {
        using var cancelled = ct.UnsafeRegister(static me => ((LiveSocketReader)me!).CancelPendingRead(), this);
        var result = await ReadAsync();
        if (result.IsCanceled)
            ct.ThrowIfCancellationRequested();
        return result;
    }

    private bool TryTake(out ReadResult result)
    {
        result = default;
        if (_isCancelled)
        {
            _isCancelled = false;
            result = new(default, isCanceled: true, isCompleted: false);
            return true;
        }
        if (_isReceiving)
            return false;
        if (_fault is { } fault)
            throw fault;
        if (!_hasEnded && (_start == _end || _isExamined))
            return false;
        _handedOut = _buffer is null ? default : new(_buffer, _start, _end - _start);
        result = new(_handedOut, isCanceled: false, _hasEnded);
        return true;
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            var ended = false;
            Exception? fault = null;
            try
            {
                // A zero-byte read needs no buffer: most connections wait most of the time.
                if (_buffer is null)
                    ended =
                        (await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None)).MessageType
                        == WebSocketMessageType.Close;
                if (!ended)
                    ended = await TakeAsync();
            }
            // Closed without a close frame, as clients often do.
            catch (WebSocketException gone) when (gone.WebSocketErrorCode == WebSocketError.ConnectionClosedPrematurely)
            {
                ended = true;
            }
            catch (ObjectDisposedException)
            {
                ended = true;
            }
            catch (Exception other)
            {
                fault = other;
            }

            ReadResult result = default;
            lock (_gate)
            {
                _isReceiving = false;
                _isExamined = false;
                _hasEnded = ended;
                _fault = fault;
                if (!_isWaiting)
                    return;
                // Empty messages and pings are skipped, in this loop, as there may be any number of them.
                if (fault is null && !TryTake(out result))
                {
                    _isReceiving = true;
                    continue;
                }
                _isWaiting = false;
            }
            if (fault is null)
                _result.SetResult(result);
            else
                _result.SetException(fault);
            return;
        }
    }

    /// <returns>Whether the client sent a close frame.</returns>
    private async ValueTask<bool> TakeAsync()
    {
        EnsureSpace();
        var received = await socket.ReceiveAsync(_buffer.AsMemory(_end), CancellationToken.None);
        _end += received.Count;
        if (
            received.EndOfMessage
            && _buffer.AsSpan(_start, _end - _start).SequenceEqual(Ping)
            && connection.TakesPing()
        )
            ReturnBuffer();
        else
            connection.MarkHeard();
        return received.MessageType == WebSocketMessageType.Close;
    }

    private void EnsureSpace()
    {
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            return;
        }
        if (_end < _buffer.Length)
            return;
        var waiting = _end - _start;
        var former = _buffer;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, waiting * 2));
        former.AsSpan(_start, waiting).CopyTo(_buffer);
        _start = 0;
        _end = waiting;
        ArrayPool<byte>.Shared.Return(former);
    }

    private void ReturnBuffer()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _start = 0;
        _end = 0;
    }
}
