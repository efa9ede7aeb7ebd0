using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace Veza.Realtime.Sockets;

/// <summary>
/// The pipe that the hub writes to. Each flush is one WebSocket message, as SignalR's clients accept no partial one. It
/// holds a buffer only while there is something to send.
/// </summary>
/// <remarks>One writer at a time, as in any pipe. A lost client completes the flush instead of throwing.</remarks>
internal sealed class LiveSocketWriter(WebSocket socket, LiveSocket connection) : PipeWriter
{
    /// <summary>For messages of unknown length: answers to calls, pings.</summary>
    private const int BufferBytes = 1024;

    private byte[]? _buffer;
    private int _count;

    public override bool CanGetUnflushedBytes => true;
    public override long UnflushedBytes => _count;

    public override void Advance(int bytes) => _count += bytes;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureSpace(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_count);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        _count == 0 ? default : SendAsync();

    public override void CancelPendingFlush() { }

    public override void Complete(Exception? exception = null)
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _count) = (null, 0);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> SendAsync()
    {
        var (buffer, count) = (_buffer!, _count);
        (_buffer, _count) = (null, 0);
        connection.BeginSending();
        try
        {
            await socket.SendAsync(
                buffer.AsMemory(0, count),
                WebSocketMessageType.Text,
                WebSocketMessageFlags.EndOfMessage,
                CancellationToken.None
            );
            return default;
        }
        // The client is gone; the reader finds out why.
        catch (Exception gone)
            when (gone is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            return new(isCanceled: false, isCompleted: true);
        }
        finally
        {
            connection.EndSending();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void EnsureSpace(int bytes)
    {
        if (_buffer is not null && _buffer.Length - _count >= bytes)
            return;
        var former = _buffer;
        _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, Math.Max(_count * 2, _count + bytes)));
        if (former is null)
            return;
        former.AsSpan(0, _count).CopyTo(_buffer);
        ArrayPool<byte>.Shared.Return(former);
    }
}
