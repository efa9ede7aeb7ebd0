using System.Net;
using Microsoft.AspNetCore.Connections;
using Veza.Api.Http;

namespace Veza.Api.Connections;

/// <param name="Port">Its label in metrics and logs: <c>http</c> or <c>metrics</c>.</param>
/// <param name="Connections">Maximum for all clients together.</param>
/// <param name="PerNetwork">Maximum for one network.</param>
/// <param name="RequestFiles">
/// Files that requests may open beside the connections; further ones take connections' places.
/// </param>
internal sealed record GateLimits(string Port, int Connections, int PerNetwork, int RequestFiles);

/// <summary>
/// Bounds the TCP connections of one port, in all and per network, so that they never take the files that PostgreSQL,
/// disks and probes need. Closes connections without a request. When places become scarce, it also closes idle ones.
/// </summary>
/// <remarks>
/// All members are safe from any thread. A connection without a place is refused and counted; the log reports that at
/// most once a minute. The last places are reserved for networks with few connections, so that a network with many
/// cannot shut out the others.
/// </remarks>
internal sealed class ConnectionGate : IDisposable
{
    /// <summary>
    /// From the accept to the end of the first request's head. Longer than a head that has begun may take.
    /// </summary>
    public static readonly TimeSpan FirstRequestMax = RequestLimits.HeadersTimeMax + TimeSpan.FromSeconds(2);

    /// <summary>
    /// Time that a newly connected or just answered client has for a request before its place can go to another.
    /// </summary>
    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Connections of a network that may use the last places: as many as a browser opens, or a client that retries.
    /// </summary>
    public const int FewPerNetwork = 8;

    private const int LastPlacesPart = 32,
        LastPlacesMin = 8,
        LastPlacesMax = 256;

    /// <summary>
    /// Late checks of a connection before it is closed. On an overloaded machine, requests wait for a thread as the
    /// check does: a request that has arrived meanwhile is read between two checks.
    /// </summary>
    public const int LooksTooLateMax = 3;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A check visits every HTTP connection, so it runs at most this often, however many clients connect.
    /// </summary>
    private static readonly TimeSpan ReliefEvery = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    private readonly GateLimits _limits;
    private readonly Func<IPAddress?, bool> _isProxy;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, int> _networks = [];
    private readonly HashSet<GuardedConnection> _http = new(ReferenceEqualityComparer.Instance);
    private readonly int _lastPlaces;
    private int _open,
        _files,
        _closing;
    private long _refusedInAll,
        _refusedOfNetworks;
    private long? _toldAt,
        _relievedAt,
        _stopsAt;

    /// <param name="isProxy">A proxy carries the requests of many clients, so only the limit for all bounds it.</param>
    public ConnectionGate(GateLimits limits, Func<IPAddress?, bool> isProxy, TimeProvider clock, ILogger log)
    {
        _limits = limits;
        _isProxy = isProxy;
        _clock = clock;
        _log = log;
        var part = Math.Clamp(limits.Connections / LastPlacesPart, LastPlacesMin, LastPlacesMax);
        _lastPlaces = Math.Min(part, limits.Connections / 2);
        ConnectionMetrics.Observe(limits.Port, () => Open, limits.Connections);
        _timer = clock.CreateTimer(static gate => ((ConnectionGate)gate!).Look(), this, LookEvery, LookEvery);
    }

    public int Open => Volatile.Read(ref _open);

    internal long Now => _clock.GetTimestamp();

    /// <returns>Null when there is no place: the caller closes the connection.</returns>
    public GuardedConnection? TryEnter(ConnectionContext connection)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var network = Networks.Of(address);
        var isProxy = _isProxy(address);
        GuardedConnection? entered = null;
        bool isCrowded;
        lock (_lock)
        {
            var ofNetwork = _networks.GetValueOrDefault(network);
            if (!isProxy && ofNetwork >= _limits.PerNetwork)
            {
                Refuse(ref _refusedOfNetworks, "network");
                return null;
            }
            var kept = isProxy || ofNetwork < FewPerNetwork ? 0 : _lastPlaces;
            if (Free > kept)
            {
                entered = new(connection, this, network, Now);
                _networks[network] = ofNetwork + 1;
                _http.Add(entered);
                _open++;
            }
            else
            {
                Refuse(ref _refusedInAll, "all");
            }
            isCrowded = IsCrowded;
        }
        if (isCrowded)
            Relieve();
        return entered;
    }

    /// <summary>Takes a place for a file that a request opens beside its connection.</summary>
    /// <returns>Null when there is none; dispose it to give the place back.</returns>
    public IDisposable? TryOpenFile()
    {
        lock (_lock)
        {
            if (_open + _files >= _limits.Connections + _limits.RequestFiles)
                return null;
            _files++;
            return new FilePlace(this);
        }
    }

    /// <summary>Cuts off requests that take longer than <paramref name="grace"/> from now on.</summary>
    public void Stop(TimeSpan grace)
    {
        lock (_lock)
            _stopsAt = Now + (long)(grace.TotalSeconds * _clock.TimestampFrequency);
    }

    public void Dispose() => _timer.Dispose();

    internal void Leave(GuardedConnection connection)
    {
        lock (_lock)
        {
            _open--;
            if (--_networks[connection.Network] == 0)
                _networks.Remove(connection.Network);
            _http.Remove(connection);
            if (connection.IsClosing)
                _closing--;
        }
    }

    internal void LeaveHttp(GuardedConnection connection)
    {
        lock (_lock)
        {
            _http.Remove(connection);
            if (!connection.IsClosing)
                return;
            // Its new owner closes it, whatever HTTP requests.
            connection.IsClosing = false;
            _closing--;
        }
    }

    private int Free => _limits.Connections - _open - Math.Max(0, _files - _limits.RequestFiles);

    private bool IsCrowded => Free + _closing < Wanted;

    /// <summary>
    /// Places that should be free: the last ones and one more, so that a network with many connections also gets one.
    /// </summary>
    private int Wanted => _lastPlaces + 1;

    private void Look()
    {
        GuardedConnection[] all;
        bool isCrowded,
            isOver;
        lock (_lock)
        {
            all = [.. _http];
            isCrowded = IsCrowded;
            isOver = Now >= _stopsAt;
        }
        foreach (var connection in all)
        {
            if (isOver)
                CutOff(connection);
            else if (IsSilent(connection) && ++connection.LooksTooLate >= LooksTooLateMax)
                Close(connection, "silent");
        }
        if (isCrowded)
            Relieve();
        Tell();
    }

    /// <summary>Closes idle connections: first those without any request yet, then those idle for longest.</summary>
    private void Relieve()
    {
        GuardedConnection[] all;
        int wanted;
        lock (_lock)
        {
            if (_relievedAt is { } before && _clock.GetElapsedTime(before) < ReliefEvery)
                return;
            _relievedAt = Now;
            all = [.. _http];
            wanted = Wanted - Free - _closing;
        }
        var waiting = all.Where(c => c.IsWaiting && !c.IsClosing && Waited(c) >= WaitMin);
        foreach (var connection in waiting.OrderBy(c => c.HasAsked).ThenBy(c => c.WaitsSince).Take(Math.Max(0, wanted)))
            Close(connection, "relief");
    }

    private bool IsSilent(GuardedConnection connection) =>
        !connection.HasAsked && Waited(connection) >= FirstRequestMax;

    private TimeSpan Waited(GuardedConnection connection) => _clock.GetElapsedTime(connection.WaitsSince);

    private void Close(GuardedConnection connection, string reason)
    {
        lock (_lock)
        {
            // It may have left meanwhile; closing it then would count it as closing forever.
            if (connection.IsClosing || !_http.Contains(connection))
                return;
            connection.IsClosing = true;
            _closing++;
        }
        ConnectionMetrics.CountClosed(_limits.Port, reason);
        connection.Close();
    }

    private void CutOff(GuardedConnection connection)
    {
        if (connection.ConnectionClosed.IsCancellationRequested)
            return;
        ConnectionMetrics.CountClosed(_limits.Port, "stopping");
        connection.Abort(new ConnectionAbortedException("the server is stopping"));
    }

    private void Refuse(ref long count, string limit)
    {
        count++;
        ConnectionMetrics.CountRefused(_limits.Port, limit);
    }

    private void Tell()
    {
        long inAll,
            ofNetworks;
        int open;
        lock (_lock)
        {
            if (_refusedInAll + _refusedOfNetworks == 0)
                return;
            if (_toldAt is { } before && _clock.GetElapsedTime(before) < TellEvery)
                return;
            _toldAt = Now;
            (inAll, ofNetworks) = (_refusedInAll, _refusedOfNetworks);
            (_refusedInAll, _refusedOfNetworks) = (0, 0);
            open = _open;
        }
        _log.LogWarning(
            "{Port}: {OfNetworks} connections were refused because their network has {PerNetwork} "
                + "(MAX_CONNECTIONS_PER_NETWORK; a proxy belongs into TRUSTED_PROXIES), and {InAll} because of {Max} places (ulimit -n) {Open} are taken",
            _limits.Port,
            ofNetworks,
            _limits.PerNetwork,
            inAll,
            _limits.Connections,
            open
        );
    }

    private sealed class FilePlace(ConnectionGate gate) : IDisposable
    {
        private bool _isFree;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFree, true))
                return;
            lock (gate._lock)
                gate._files--;
        }
    }
}
