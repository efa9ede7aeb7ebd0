using System.Diagnostics;

namespace Veza.Deploy.Tests.Rehearsal;

/// <summary>Connections that end by GOAWAY in a step, with the requests under way on them. Not thread-safe.</summary>
internal sealed class ClosedConnections
{
    /// <summary>Far fewer than the reloads of a step, and few enough to show that something else is wrong.</summary>
    public const int Max = 3;

    /// <summary>The requests of one connection end together.</summary>
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _sinceClosed = new();
    private int _connections;

    /// <summary>Requests that were sent again.</summary>
    public int Requests { get; private set; }

    public void Begin()
    {
        _connections = 0;
        Requests = 0;
    }

    public bool MaySendAgain()
    {
        if (!_sinceClosed.IsRunning || _sinceClosed.Elapsed > Together)
        {
            if (_connections == Max)
                return false;
            _connections++;
            _sinceClosed.Restart();
        }
        Requests++;
        return true;
    }
}
