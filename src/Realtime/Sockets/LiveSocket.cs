using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Security.Claims;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;

namespace Veza.Realtime.Sockets;

/// <summary>
/// A hub's connection straight over a server's: WebSocket frames on one side, SignalR's messages on the other, and
/// nothing between them that an idle connection would have to keep.
/// </summary>
public sealed class LiveSocket
    : ConnectionContext,
        IDuplexPipe,
        IConnectionUserFeature,
        IConnectionHeartbeatFeature,
        IHeartbeatHandler
{
    /// <summary>The hub's look at when it last sent something.</summary>
    private const int TicksWithoutPings = 1;

    private readonly ConnectionContext _connection;
    private readonly WebSocket _socket;
    private readonly LiveSocketReader _input;
    private readonly LiveSocketWriter _output;
    private readonly TimeSpan _keepAlive;
    private readonly RealtimeLimits _limits;
    private readonly TimeProvider _clock;
    private (Action<object> Tick, object State)[] _ticks = [];
    private long _sentAt;
    private bool _isSending;

    /// <summary>0 for a client that has not pinged: it need not.</summary>
    private long _heardAt;

    private LiveSocket(
        ConnectionContext connection,
        ClaimsPrincipal user,
        TimeSpan keepAlive,
        RealtimeLimits limits,
        TimeProvider clock
    )
    {
        _connection = connection;
        User = user;
        _keepAlive = keepAlive;
        _limits = limits;
        _clock = clock;
        _sentAt = clock.GetTimestamp();
        // SignalR keeps it alive.
        _socket = WebSocket.CreateFromStream(
            new ConnectionStream(connection),
            new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero }
        );
        _input = new(_socket, this);
        _output = new(_socket, this);
    }

    public override string ConnectionId
    {
        get => _connection.ConnectionId;
        set => _connection.ConnectionId = value;
    }
    public override IFeatureCollection Features => _connection.Features;
    public override IDictionary<object, object?> Items
    {
        get => _connection.Items;
        set => _connection.Items = value;
    }
    public override CancellationToken ConnectionClosed
    {
        get => _connection.ConnectionClosed;
        set => _connection.ConnectionClosed = value;
    }
    public override IDuplexPipe Transport
    {
        get => this;
        set => throw new NotSupportedException("a live socket is its own transport");
    }
    public ClaimsPrincipal? User { get; set; }

    /// <summary>How long nothing was sent; while something waits to be taken, how long it does.</summary>
    private TimeSpan Silence => _clock.GetElapsedTime(Volatile.Read(ref _sentAt));

    private bool HubListensForPings => _ticks.Length > TicksWithoutPings;

    PipeReader IDuplexPipe.Input => _input;
    PipeWriter IDuplexPipe.Output => _output;

    /// <summary>Serves the hub until either side ends it.</summary>
    /// <param name="connection">The server's own, on which the client's WebSocket handshake has been answered.</param>
    /// <param name="keepAlive">How often the client pings, and is pinged when it does not.</param>
    public static async Task RunAsync(
        ConnectionContext connection,
        ClaimsPrincipal user,
        TimeSpan keepAlive,
        ConnectionHandler hub,
        ConnectionHeartbeat heart,
        RealtimeLimits limits,
        TimeProvider clock
    )
    {
        var socket = new LiveSocket(connection, user, keepAlive, limits, clock);
        connection.Features.Set<IConnectionHeartbeatFeature>(socket);
        connection.Features.Set<IConnectionUserFeature>(socket);
        heart.AddSlow(socket);
        try
        {
            await hub.OnConnectedAsync(socket);
        }
        finally
        {
            heart.Remove(socket);
            await socket.CloseAsync();
        }
    }

    /// <summary>From now on something waits until the client takes it.</summary>
    internal void BeginSending()
    {
        Volatile.Write(ref _sentAt, _clock.GetTimestamp());
        Volatile.Write(ref _isSending, true);
    }

    internal void EndSending() => Volatile.Write(ref _isSending, false);

    /// <summary>The client said something.</summary>
    internal void Hear()
    {
        if (_heardAt != 0)
            Volatile.Write(ref _heardAt, _clock.GetTimestamp());
    }

    /// <summary>
    /// Whether a ping ends here. Most of what most clients say are pings, and the hub does nothing but look at its
    /// clock when it hears one, for more than all the rest costs. It begins to look when it hears the first, so that it
    /// must hear either none or all: those of a client that writes them in a way of its own.
    /// </summary>
    internal bool TakesPing()
    {
        if (HubListensForPings)
            return false;
        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        // It is owed one soon. Now all that is needed for it is at hand; later the heart would go to this connection
        // for nothing else.
        if (Silence >= RealtimeLimits.PingAnsweredAfter(_keepAlive))
            TickHub();
        return true;
    }

    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort(abortReason);

    public override void Abort() => _connection.Abort();

    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state) =>
        _ticks = [.. _ticks, (action, state)];

    void IHeartbeatHandler.Beat()
    {
        if (
            Volatile.Read(ref _heardAt) is var heard and not 0
            && _clock.GetElapsedTime(heard) >= _keepAlive + _limits.StallMax
        )
        {
            _heardAt = 0;
            // The hub says farewell, as when it finds out itself, and the client may come again.
            _input.CancelPendingRead();
        }
        var isSending = Volatile.Read(ref _isSending);
        var silence = Silence;
        if (isSending && silence >= _limits.StoppedReadingMax)
            Abort(new ConnectionAbortedException("the client took nothing for too long"));
        // Before, the hub has no reason to ping, and most of the time it would look for none in vain.
        else if (silence >= _keepAlive || HubListensForPings)
            TickHub();
    }

    private void TickHub()
    {
        foreach (var (tick, state) in _ticks)
            tick(state);
    }

    private async Task CloseAsync()
    {
        using var patience = new CancellationTokenSource(_limits.FarewellMax, _clock);
        using var impatient = patience.Token.UnsafeRegister(static me => ((LiveSocket)me!).Abort(), this);
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            // Closed with something unread, a connection is reset, and its client loses what it has not read yet:
            // SignalR's last word.
            while (await _input.ReadAsync(CancellationToken.None) is { IsCompleted: false } read)
                _input.AdvanceTo(read.Buffer.End);
        }
        catch (Exception fault)
            when (fault is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        { /* It has gone. */
        }
        _input.Complete();
        _output.Complete();
        _socket.Dispose();
    }
}
