using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Security.Claims;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Veza.Realtime.Engine;

namespace Veza.Realtime.Sockets;

/// <summary>
/// A SignalR connection directly over Kestrel's: WebSocket frames on one side, SignalR's messages on the other. An idle
/// connection holds no buffers, headers or scopes.
/// </summary>
/// <remarks>
/// The hub reads and writes on its thread; the heartbeat checks the time limits on another. A client that neither pings
/// nor reads in time is disconnected, and resumes later.
/// </remarks>
public sealed class LiveSocket
    : ConnectionContext,
        IDuplexPipe,
        IConnectionUserFeature,
        IConnectionHeartbeatFeature,
        IHeartbeatHandler
{
    /// <summary>The hub registers one tick for its send time-out, and a second once it hears a ping.</summary>
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

    /// <summary>0 for a client that has never pinged, which it need not.</summary>
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
        // SignalR sends the pings.
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

    /// <summary>The time since the last send; during a send, how long it has been waiting for the client.</summary>
    private TimeSpan Silence => _clock.GetElapsedTime(Volatile.Read(ref _sentAt));

    private bool HubListensForPings => _ticks.Length > TicksWithoutPings;

    PipeReader IDuplexPipe.Input => _input;
    PipeWriter IDuplexPipe.Output => _output;

    /// <summary>Serves the hub until client or server ends the connection.</summary>
    /// <param name="connection">Kestrel's connection, after the answer to the client's WebSocket handshake.</param>
    /// <param name="keepAlive">The client's ping interval, and the server's while the client sends none.</param>
    public static async Task RunAsync(
        ConnectionContext connection,
        ClaimsPrincipal user,
        TimeSpan keepAlive,
        ConnectionHandler hub,
        ConnectionHeartbeat heartbeat,
        RealtimeLimits limits,
        TimeProvider clock
    )
    {
        var socket = new LiveSocket(connection, user, keepAlive, limits, clock);
        connection.Features.Set<IConnectionHeartbeatFeature>(socket);
        connection.Features.Set<IConnectionUserFeature>(socket);
        heartbeat.AddSlow(socket);
        try
        {
            await hub.OnConnectedAsync(socket);
        }
        finally
        {
            heartbeat.Remove(socket);
            await socket.CloseAsync();
        }
    }

    /// <summary>Called when a send starts, which ends when the client has taken the data.</summary>
    internal void BeginSending()
    {
        Volatile.Write(ref _sentAt, _clock.GetTimestamp());
        Volatile.Write(ref _isSending, true);
    }

    internal void EndSending() => Volatile.Write(ref _isSending, false);

    /// <summary>Called for each message of the client.</summary>
    internal void MarkHeard()
    {
        if (_heardAt != 0)
            Volatile.Write(ref _heardAt, _clock.GetTimestamp());
    }

    /// <summary>
    /// Handles a ping here instead of in the hub, which would only restart its time-out, at a cost above all its other
    /// work. The hub starts its time-out with the first ping, so it must get either all pings or none. It gets all from
    /// clients that format them differently.
    /// </summary>
    /// <returns>Whether the ping is handled.</returns>
    internal bool TakesPing()
    {
        if (HubListensForPings)
            return false;
        Volatile.Write(ref _heardAt, _clock.GetTimestamp());
        // The client's own ping will soon be due. Sending it now uses memory that is in the cache; later the heartbeat
        // would visit this connection only for it.
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
        var heardAt = Volatile.Read(ref _heardAt);
        if (heardAt != 0 && _clock.GetElapsedTime(heardAt) >= _keepAlive + _limits.StallMax)
        {
            _heardAt = 0;
            // The hub sends its close message, as after its own time-out, and the client may reconnect.
            _input.CancelPendingRead();
        }
        var isSending = Volatile.Read(ref _isSending);
        var silence = Silence;
        if (isSending && silence >= _limits.StoppedReadingMax)
            Abort(new ConnectionAbortedException("the client read nothing for too long"));
        // Earlier the hub has no ping to send, and the call would be wasted.
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
            // Closing a connection with unread data resets it, and the client would lose SignalR's close message.
            while (await _input.ReadAsync(CancellationToken.None) is { IsCompleted: false } read)
                _input.AdvanceTo(read.Buffer.End);
        }
        catch (Exception fault)
            when (fault is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        { /* The client has closed the connection. */
        }
        _input.Complete();
        _output.Complete();
        _socket.Dispose();
    }
}
