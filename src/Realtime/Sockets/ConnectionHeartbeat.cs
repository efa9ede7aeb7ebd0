using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Veza.Realtime.Sockets;

/// <summary>Has clocks that somebody must look at now and then.</summary>
public interface IHeartbeatHandler
{
    void Beat();
}

/// <summary>
/// Beats for connections in the server's stead. The server's own heart goes to every connection every second, each time
/// into memory that is in no cache; of twenty thousand nearly all are live sockets, whose clocks are for 15 seconds and
/// more.
/// </summary>
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
    private IHeartbeatHandler[] _room = [];
    private int _turn,
        _isBeating;

    public ConnectionHeartbeat(TimeProvider clock, ILogger<ConnectionHeartbeat> log)
    {
        _log = log;
        _timer = clock.CreateTimer(static me => ((ConnectionHeartbeat)me!).Beat(), this, Second, Second);
    }

    /// <summary>It beats every second until it is removed, and perhaps once more.</summary>
    public void Add(IHeartbeatHandler beating) => Add(_everySecond, beating);

    /// <summary>
    /// It beats every fourth second until it is removed, and perhaps once more; not all such at once.
    /// </summary>
    public void AddSlow(IHeartbeatHandler beating) => Add(PartOf(beating), beating);

    public void Remove(IHeartbeatHandler beating)
    {
        if (!TryRemove(PartOf(beating), beating))
            TryRemove(_everySecond, beating);
    }

    public void Dispose() => _timer.Dispose();

    private HashSet<IHeartbeatHandler> PartOf(IHeartbeatHandler beating) =>
        _slow[RuntimeHelpers.GetHashCode(beating) % SlowParts];

    private static void Add(HashSet<IHeartbeatHandler> part, IHeartbeatHandler beating)
    {
        lock (part)
            part.Add(beating);
    }

    private static bool TryRemove(HashSet<IHeartbeatHandler> part, IHeartbeatHandler beating)
    {
        lock (part)
            return part.Remove(beating);
    }

    private void Beat()
    {
        // A beat that takes longer than a second is not joined by the next.
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
            if (_room.Length < count)
                _room = new IHeartbeatHandler[count * 2];
            part.CopyTo(_room);
        }
        foreach (var beating in _room.AsSpan(0, count))
        {
            try
            {
                beating.Beat();
            }
            catch (Exception fault)
            {
                _log.LogError(fault, "a connection's clocks could not be looked at");
            }
        }
        Array.Clear(_room, 0, count);
    }
}
