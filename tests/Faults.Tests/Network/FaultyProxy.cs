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

/// <summary>What befalls the append connection, once.</summary>
public abstract record NetworkFault
{
    /// <summary>So many more bytes pass in one direction, then both ends are reset.</summary>
    public sealed record CutAtByte(Direction Direction, int Bytes) : NetworkFault;

    /// <summary>The server has answered a batch, so that its commit is done; the answer never arrives.</summary>
    public sealed record CutAnswer : NetworkFault;

    /// <summary>
    /// A batch is handed to the server, and the connection reset at once, whether or not the server has read it.
    /// </summary>
    public sealed record CutAfterRequest : NetworkFault;

    /// <summary>
    /// The client's end, or the server's, is told that no more will come; the other direction stays open.
    /// </summary>
    public sealed record HalfClose(Direction Direction) : NetworkFault;

    /// <summary>A batch stays under way until it is released, even if the client has given up by then.</summary>
    public sealed record HoldRequest(TaskCompletionSource Held, Task Release) : NetworkFault;

    /// <summary>From a batch on, the connection swallows everything for ever, and resets nothing.</summary>
    public sealed record Swallow : NetworkFault;
}

/// <summary>Stands between the log and PostgreSQL and passes bytes on, until it is told to do harm.</summary>
/// <remarks>
/// It knows the append connection by its application name, and a batch as what follows the statement's preparation
/// there. Nothing is encrypted on loopback.
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

    /// <summary>How many faults have struck.</summary>
    public int Strikes => Volatile.Read(ref _strikes);

    /// <summary>How long every piece waits before it is passed on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The same database, by way of this proxy.</summary>
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
    /// Accepts and swallows, on every connection: neither answer nor reset. Those open then stay silent for ever.
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
                // The server is away: its port refuses, and so does this one.
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

    /// <returns>Whether the piece is dealt with.</returns>
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
                // The client may be gone, which is no reason for what it sent to be lost.
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

        /// <summary>A piece has come from the client since the statement was prepared.</summary>
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
                    // No farewell: what the other end has not read yet is lost.
                    end.LingerState = new(true, 0);
                    end.Close();
                }
                catch (ObjectDisposedException) { }
            }
        }
    }
}
