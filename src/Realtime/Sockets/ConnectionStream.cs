using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Veza.Realtime.Sockets;

/// <summary>
/// Kestrel's connection as the stream below a WebSocket. It reads from Kestrel's pipe. Without TLS it writes directly
/// to the socket: the pipe's buffer and copy loop would cost as much as all other work for an item.
/// </summary>
/// <remarks>
/// One thread may read while another writes, as a WebSocket does. A lost client is an <see cref="IOException"/>. It
/// does not own the connection, which its creator closes.
/// </remarks>
internal sealed class ConnectionStream(ConnectionContext connection) : Stream
{
    private readonly IDuplexPipe _pipe = connection.Transport;
    private bool _hasRead;
    private bool _isDecided;
    private Socket? _socket;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var read = await _pipe.Input.ReadAsync(cancellationToken);
            var count = (int)Math.Min(buffer.Length, read.Buffer.Length);
            if (!read.Buffer.IsEmpty)
                Volatile.Write(ref _hasRead, true);
            var taken = read.Buffer.Slice(0, count);
            taken.CopyTo(buffer.Span);
            _pipe.Input.AdvanceTo(taken.End);
            if (count > 0 || read.IsCompleted || buffer.IsEmpty)
                return count;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isDecided)
            Decide();
        if (_socket is null)
            return WriteToPipeAsync(buffer, cancellationToken);
        int sent;
        SocketError error;
        try
        {
            sent = _socket.Send(buffer.Span, SocketFlags.None, out error);
        }
        catch (ObjectDisposedException)
        {
            sent = 0;
            error = SocketError.Shutdown;
        }
        if (error is SocketError.Success && sent == buffer.Length)
            return default;
        return error is SocketError.Success or SocketError.WouldBlock
            ? WriteRestAsync(buffer[sent..], cancellationToken)
            : throw Gone(null);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>
    /// Chooses pipe or socket for all writes at the first one. The pipe may still hold the answer to the client's
    /// handshake, but not once the client has sent something after it. With TLS all writes use the pipe.
    /// </summary>
    private void Decide()
    {
        _isDecided = true;
        if (!Volatile.Read(ref _hasRead) || connection.Features.Get<ITlsConnectionFeature>() is not null)
            return;
        _socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        // A send must not block the thread that sends to thousands of clients.
        if (_socket is not null)
            _socket.Blocking = false;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteRestAsync(ReadOnlyMemory<byte> rest, CancellationToken ct)
    {
        try
        {
            while (!rest.IsEmpty)
                rest = rest[await _socket!.SendAsync(rest, SocketFlags.None, ct)..];
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            throw Gone(fault);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteToPipeAsync(ReadOnlyMemory<byte> buffer, CancellationToken ct)
    {
        if ((await _pipe.Output.WriteAsync(buffer, ct)).IsCompleted)
            throw Gone(null);
    }

    private static IOException Gone(Exception? fault) => new("the client has gone", fault);
}
