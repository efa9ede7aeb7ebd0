using System.Net;
using System.Net.Sockets;

namespace Veza.Journey.Tests.Live;

/// <summary>
/// One address for several nodes: each connection goes to the next node that accepts it. Can cut connections after any
/// byte.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private const int PieceBytes = 4096;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int[] _nodes;
    private readonly List<Link> _links = [];
    private readonly Task _accepting;
    private int _turn;
    private int _cuts;

    public Balancer(params int[] ports)
    {
        _nodes = ports;
        _listener.Start(backlog: 512);
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>
    /// Lets some connections pass so many more bytes, in both directions together, then resets both ends.
    /// </summary>
    public void CutSome(Random random, int count, int bytesMax)
    {
        lock (_links)
            for (var i = 0; i < count && _links.Count > 0; i++)
                Volatile.Write(ref _links[random.Next(_links.Count)].BytesLeft, 1 + random.Next(bytesMax));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        lock (_links)
            _links.ForEach(link => link.Reset());
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var client = await _listener.AcceptSocketAsync(_stopping.Token);
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(Socket client)
    {
        for (var tries = 0; tries < _nodes.Length; tries++)
        {
            var node = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await node.ConnectAsync(
                    IPAddress.Loopback,
                    _nodes[Interlocked.Increment(ref _turn) % _nodes.Length],
                    _stopping.Token
                );
            }
            catch (Exception away) when (away is SocketException or OperationCanceledException)
            {
                node.Dispose();
                continue;
            }
            client.NoDelay = true;
            var link = new Link(client, node);
            lock (_links)
                _links.Add(link);
            await Task.WhenAll(PumpAsync(link, client, node), PumpAsync(link, node, client));
            lock (_links)
                _links.Remove(link);
            return;
        }
        client.Dispose();
    }

    private async Task PumpAsync(Link link, Socket from, Socket to)
    {
        var buffer = new byte[PieceBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _stopping.Token) is var count and > 0)
            {
                var piece = buffer.AsMemory(
                    0,
                    Math.Min(
                        count,
                        Interlocked.Add(ref link.BytesLeft, -count) is var left and < 0
                            ? Math.Max(0, count + left)
                            : count
                    )
                );
                while (piece.Length > 0)
                    piece = piece[await to.SendAsync(piece, _stopping.Token)..];
                if (Volatile.Read(ref link.BytesLeft) > 0)
                    continue;
                Interlocked.Increment(ref _cuts);
                break;
            }
        }
        catch (Exception broken)
            when (broken is SocketException or ObjectDisposedException or OperationCanceledException) { }
        link.Reset();
    }

    private sealed class Link(Socket client, Socket node)
    {
        public int BytesLeft = int.MaxValue;

        public void Reset()
        {
            foreach (var end in (Socket[])[client, node])
            {
                // A reset: bytes that the other end has not read are lost.
                try
                {
                    end.LingerState = new(true, 0);
                }
                catch (Exception gone) when (gone is ObjectDisposedException or SocketException) { }
                end.Dispose();
            }
        }
    }
}
