using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Veza.Realtime.Sockets;

/// <summary>Has time limits that a heartbeat checks.</summary>
public interface IHeartbeatHandler
{
    void Beat();
}

/// <summary>
/// The heartbeat of connections, in place of Kestrel's. Any thread may add and remove handlers; beats run on a timer,
/// and a handler that throws is logged.
/// </summary>
/// <remarks>
/// Kestrel's heartbeat visits every connection every second, each time in memory that no cache holds. Of twenty
/// thousand connections nearly all are live sockets, whose time limits are 15 seconds and more.
/// </remarks>
public sealed class ConnectionHeartbeat : IDisposable
{
    private const int SlowParts = 4;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly HashSet<IHeartbeatHandler> _everySecond = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<IHeartbeatHandler>[] _slow =
    [
        .. Enumerable
            .Range(0, SlowParts)
            .Select(_ => new HashSet<IHeartbeatHandler>(ReferenceEqualityComparer.Instance)),
    ];
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private IHeartbeatHandler[] _buffer = [];
    private int _turn;
    private int _isBeating;

    public ConnectionHeartbeat(TimeProvider clock, ILogger<ConnectionHeartbeat> log)
    {
        _log = log;
        _timer = clock.CreateTimer(static me => ((ConnectionHeartbeat)me!).Beat(), this, Second, Second);
    }

    /// <summary>Calls the handler every second until it is removed, and possibly once more.</summary>
    public void Add(IHeartbeatHandler handler) => Add(_everySecond, handler);

    /// <summary>
    /// Calls the handler every fourth second until it is removed, and possibly once more. Handlers are spread over the
    /// four seconds.
    /// </summary>
    public void AddSlow(IHeartbeatHandler handler) => Add(PartOf(handler), handler);

    public void Remove(IHeartbeatHandler handler)
    {
        if (!TryRemove(PartOf(handler), handler))
            TryRemove(_everySecond, handler);
    }

    public void Dispose() => _timer.Dispose();

    private HashSet<IHeartbeatHandler> PartOf(IHeartbeatHandler handler) =>
        _slow[RuntimeHelpers.GetHashCode(handler) % SlowParts];

    private static void Add(HashSet<IHeartbeatHandler> part, IHeartbeatHandler handler)
    {
        lock (part)
            part.Add(handler);
    }

    private static bool TryRemove(HashSet<IHeartbeatHandler> part, IHeartbeatHandler handler)
    {
        lock (part)
            return part.Remove(handler);
    }

    private void Beat()
    {
        // A beat that takes longer than a second suppresses the next.
        if (Interlocked.Exchange(ref _isBeating, 1) != 0)
            return;
        Beat(_everySecond);
        Beat(_slow[_turn++ % SlowParts]);
        Volatile.Write(ref _isBeating, 0);
    }

    private void Beat(HashSet<IHeartbeatHandler> part)
    {
        int count;
        lock (part)
        {
            count = part.Count;
            if (_buffer.Length < count)
                _buffer = new IHeartbeatHandler[count * 2];
            part.CopyTo(_buffer);
        }
        foreach (var handler in _buffer.AsSpan(0, count))
        {
            try
            {
                handler.Beat();
            }
            catch (Exception fault)
            {
                _log.LogError(fault, "Checking a connection's time limits failed");
            }
        }
        Array.Clear(_buffer, 0, count);
    }
}
