using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Veza.Faults.Tests.Network;

public enum Direction
{
    ToServer,
    ToClient,
}

/// <summary>A fault that strikes the append connection once.</summary>
public abstract record NetworkFault
{
    /// <summary>Passes so many more bytes in one direction, then resets both ends.</summary>
    public sealed record CutAtByte(Direction Direction, int Bytes) : NetworkFault;

    /// <summary>Drops the answer to a batch whose commit is done.</summary>
    public sealed record CutAnswer : NetworkFault;

    /// <summary>Passes a batch to the server and resets the connection right after, read or unread.</summary>
    public sealed record CutAfterRequest : NetworkFault;

    /// <summary>Closes one direction (FIN) towards the client or the server; the other stays open.</summary>
    public sealed record HalfClose(Direction Direction) : NetworkFault;

    /// <summary>Holds a batch back until it is released, even after the client has given up.</summary>
    public sealed record HoldRequest(TaskCompletionSource Held, Task Release) : NetworkFault;

    /// <summary>Swallows everything from a batch on, for ever, without a reset.</summary>
    public sealed record Swallow : NetworkFault;
}

/// <summary>A TCP proxy between the log and PostgreSQL that injects faults on demand.</summary>
/// <remarks>
/// Recognises the append connection by its application name, and a batch as the bytes after the statement's
/// preparation. Nothing is encrypted on loopback.
/// </remarks>
public sealed class FaultyProxy : IAsyncDisposable
{
    private static readonly byte[] AppendName = Encoding.ASCII.GetBytes("veza-append");
    private static readonly byte[] AppendStatement = Encoding.ASCII.GetBytes("log.append_batch(");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _target;
    private readonly List<Link> _links = [];
    private readonly Task _accepting;
    private NetworkFault? _next;
    private TaskCompletionSource _struck = new();
    private volatile bool _swallowing;
    private int _strikes;

    public FaultyProxy(int targetPort)
    {
        _target = targetPort;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The number of faults that have struck.</summary>
    public int Strikes => Volatile.Read(ref _strikes);

    /// <summary>The delay of every piece before it is passed on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The connection string of the same database through this proxy.</summary>
    public string Through(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
        }.ConnectionString;

    /// <summary>Arms a fault for the append connection.</summary>
    /// <returns>Completes when it has struck.</returns>
    public Task Arm(NetworkFault fault)
    {
        var struck = _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _next, fault);
        return struck.Task;
    }

    /// <summary>
    /// Swallows everything on every connection: no answer, no reset. Connections open now stay silent for ever.
    /// </summary>
    public void BeginBlackHole() => _swallowing = true;

    public void EndBlackHole() => _swallowing = false;

    /// <summary>Resets every connection.</summary>
    public void CutAll()
    {
        lock (_links)
            _links.ForEach(link => link.Reset());
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        CutAll();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var client = await _listener.AcceptSocketAsync(_stopping.Token);
            var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            client.NoDelay = true;
            var link = new Link(client, server) { Swallows = _swallowing };
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _target, _stopping.Token);
            }
            catch (SocketException)
            {
                // The server is away and refuses, so the proxy refuses too.
                link.Reset();
                continue;
            }
            lock (_links)
                _links.Add(link);
            _ = PumpAsync(link, client, server, Direction.ToServer);
            _ = PumpAsync(link, server, client, Direction.ToClient);
        }
    }

    private async Task PumpAsync(Link link, Socket from, Socket to, Direction direction)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer, _stopping.Token);
                if (_swallowing)
                    link.Swallows = true;
                if (link.Swallows && count > 0)
                    continue;
                if (count == 0)
                {
                    if (!link.Swallows)
                        to.Shutdown(SocketShutdown.Send);
                    return;
                }
                if (Delay > TimeSpan.Zero)
                    await Task.Delay(Delay, _stopping.Token);
                var piece = buffer.AsMemory(0, count);
                link.Learn(piece.Span, direction);
                if (link.IsAppend && await StrikeAsync(link, to, piece, direction))
                    continue;
                await SendAsync(to, piece);
            }
        }
        catch (Exception broken)
            when (broken is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            link.Reset();
            lock (_links)
                _links.Remove(link);
        }
    }

    /// <returns>True when the piece has been handled.</returns>
    private async Task<bool> StrikeAsync(Link link, Socket to, ReadOnlyMemory<byte> piece, Direction direction)
    {
        var fault = Volatile.Read(ref _next);
        var begins = direction == Direction.ToServer && link.RequestUnderWay;
        switch (fault)
        {
            case NetworkFault.CutAtByte cut when cut.Direction == direction:
                if (piece.Length < cut.Bytes)
                {
                    Interlocked.CompareExchange(ref _next, cut with { Bytes = cut.Bytes - piece.Length }, cut);
                    return false;
                }
                await SendAsync(to, piece[..cut.Bytes]);
                Struck();
                link.Reset();
                return true;
            case NetworkFault.CutAfterRequest when begins:
                await SendAsync(to, piece);
                Struck();
                link.Reset();
                return true;
            case NetworkFault.CutAnswer when direction == Direction.ToClient && link.RequestUnderWay:
                Struck();
                link.Reset();
                return true;
            case NetworkFault.HalfClose half when begins && half.Direction == Direction.ToServer:
                await SendAsync(to, piece);
                to.Shutdown(SocketShutdown.Send);
                Struck();
                return true;
            case NetworkFault.HalfClose half
                when direction == Direction.ToClient && link.RequestUnderWay && half.Direction == Direction.ToClient:
                to.Shutdown(SocketShutdown.Send);
                link.Swallows = true;
                Struck();
                return true;
            case NetworkFault.HoldRequest hold when begins:
                Struck();
                hold.Held.TrySetResult();
                await hold.Release;
                // The bytes of a client that is gone are passed on all the same.
                await SendAsync(to, piece);
                return true;
            case NetworkFault.Swallow when begins:
                link.Swallows = true;
                Struck();
                return true;
            default:
                return false;
        }
    }

    private void Struck()
    {
        Volatile.Write(ref _next, null);
        Interlocked.Increment(ref _strikes);
        _struck.TrySetResult();
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await to.SendAsync(bytes)..];
    }

    private sealed class Link(Socket client, Socket server)
    {
        private bool _stated;
        private bool _prepared;

        public volatile bool Swallows;
        public bool IsAppend { get; private set; }

        /// <summary>True once the client has sent a piece since the preparation of the statement.</summary>
        public bool RequestUnderWay { get; private set; }

        public void Learn(ReadOnlySpan<byte> piece, Direction direction)
        {
            if (direction == Direction.ToServer)
            {
                IsAppend |= piece.IndexOf(AppendName) >= 0;
                if (_prepared)
                    RequestUnderWay = true;
                _stated |= piece.IndexOf(AppendStatement) >= 0;
            }
            else if (_stated)
                _prepared = true;
        }

        public void Reset()
        {
            foreach (var end in (Socket[])[client, server])
            {
                try
                {
                    // A reset: bytes that the other end has not read are lost.
                    end.LingerState = new(true, 0);
                    end.Close();
                }
                catch (ObjectDisposedException) { }
            }
        }
    }
}
