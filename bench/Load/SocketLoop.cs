using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Veza.Bench.Load;

/// <summary>
/// Many sockets on one thread over Linux's epoll, so that the load costs little: it shares the cores with the measured
/// server.
/// </summary>
internal sealed unsafe partial class SocketLoop : IDisposable
{
    private const int EventsMax = 512;
    private const int EpollIn = 1,
        EpollAdd = 1,
        EpollDelete = 2;

    // Only x86-64 packs the kernel's struct epoll_event.
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - 8;

    private readonly int _epoll = EpollCreate(0);
    private readonly byte[] _events = new byte[EventsMax * EventBytes];
    private readonly byte[] _buffer = new byte[256 << 10];
    private readonly List<Peer> _peers = [];
    private readonly PriorityQueue<Action, long> _later = new();

    public IReadOnlyList<Peer> Peers => _peers;

    public void Add(Peer peer)
    {
        var bytes = stackalloc byte[EventBytes];
        *(uint*)bytes = EpollIn;
        *(long*)(bytes + DataOffset) = _peers.Count;
        _peers.Add(peer);
        if (EpollControl(_epoll, EpollAdd, peer.Handle, bytes) != 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
    }

    /// <summary>Stops reading from a peer, as a client that hangs.</summary>
    public void Ignore(Peer peer)
    {
        var unused = stackalloc byte[EventBytes];
        _ = EpollControl(_epoll, EpollDelete, peer.Handle, unused);
    }

    /// <summary>Runs an action in a turn once its time has come.</summary>
    public void Later(TimeSpan wait, Action act) =>
        _later.Enqueue(act, Stopwatch.GetTimestamp() + (long)(wait.TotalSeconds * Stopwatch.Frequency));

    /// <summary>Waits until data arrives or the time has come, and passes the data to the peers.</summary>
    /// <param name="until">A <see cref="Stopwatch"/> timestamp.</param>
    public void Turn(long until)
    {
        while (_later.TryPeek(out _, out var due) && due <= Stopwatch.GetTimestamp())
            _later.Dequeue()();
        var left = Math.Max(0, (long)((until - Stopwatch.GetTimestamp()) * (1e9 / Stopwatch.Frequency)));
        var wait = (Seconds: left / 1_000_000_000, Nanoseconds: left % 1_000_000_000);
        fixed (byte* events = _events)
        fixed (byte* buffer = _buffer)
        {
            var count = EpollWait(_epoll, events, EventsMax, &wait, null);
            for (var i = 0; i < count; i++)
            {
                var peer = _peers[(int)*(long*)(events + i * EventBytes + DataOffset)];
                var read = Receive(peer.Handle, buffer, _buffer.Length, 0);
                if (read > 0)
                    peer.Take(new(buffer, (int)read));
                else if (read == 0 || Marshal.GetLastPInvokeError() is not (11 or 4))
                {
                    Ignore(peer);
                    peer.Ended = true;
                }
            }
        }
    }

    /// <summary>Runs turns until the condition holds.</summary>
    /// <exception cref="TimeoutException">The condition did not hold in time.</exception>
    public void TurnUntil(Func<bool> done, TimeSpan max, string what)
    {
        var until = Stopwatch.GetTimestamp() + (long)(max.TotalSeconds * Stopwatch.Frequency);
        while (!done())
        {
            if (Stopwatch.GetTimestamp() > until)
                throw new TimeoutException($"{what} did not happen within {max.TotalSeconds} s");
            Turn(Math.Min(until, Stopwatch.GetTimestamp() + Stopwatch.Frequency / 100));
        }
    }

    public void TurnFor(TimeSpan time)
    {
        for (
            var until = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            Stopwatch.GetTimestamp() < until;

        )
            Turn(until);
    }

    public void Dispose()
    {
        foreach (var peer in _peers)
            peer.Dispose();
        _ = Close(_epoll);
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollControl(int epoll, int operation, int socket, byte* e);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    private static partial int EpollWait(int epoll, byte* events, int max, void* timeout, void* signals);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Transmit(int socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}

/// <summary>One connection of the load. It passes on received data in whole units.</summary>
internal abstract unsafe class Peer : IDisposable
{
    private readonly Socket _socket;
    private byte[] _rest = [];
    private int _restBytes;

    /// <param name="receiveBufferBytes">The kernel's receive buffer; 0 leaves its default.</param>
    protected Peer(int port, int receiveBufferBytes = 0)
    {
        _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
            _socket.ReceiveBufferSize = receiveBufferBytes;
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        _socket.Blocking = false;
        Handle = (int)_socket.Handle;
    }

    public int Handle { get; }
    public bool Ended { get; set; }

    /// <summary>
    /// A request has a few hundred bytes, which the kernel accepts in one call while the other side reads.
    /// </summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            if (SocketLoop.Transmit(Handle, start, bytes.Length, 0x4000) != bytes.Length && !Ended)
                throw new SocketException(Marshal.GetLastPInvokeError());
    }

    internal void Take(ReadOnlySpan<byte> bytes)
    {
        if (_restBytes == 0)
        {
            Keep(bytes[TakeWhole(bytes)..]);
            return;
        }
        if (_rest.Length < _restBytes + bytes.Length)
            Array.Resize(ref _rest, Math.Max(_rest.Length * 2, _restBytes + bytes.Length));
        bytes.CopyTo(_rest.AsSpan(_restBytes));
        var all = _rest.AsSpan(0, _restBytes + bytes.Length);
        _restBytes = 0;
        Keep(all[TakeWhole(all)..]);
    }

    /// <returns>The number of bytes in whole units.</returns>
    protected abstract int TakeWhole(ReadOnlySpan<byte> bytes);

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (rest.Length == 0)
        {
            _rest = [];
            return;
        }
        if (_rest.Length < rest.Length)
            _rest = new byte[rest.Length];
        rest.CopyTo(_rest);
        _restBytes = rest.Length;
    }

    public void Dispose() => _socket.Dispose();
}
