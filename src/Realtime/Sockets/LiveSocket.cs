using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Security.Claims;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;

namespace Veza.Realtime.Sockets;

/// <summary>
/// A hub's connection straight over a server's: WebSocket frames on one side, SignalR's messages on the other, and nothing between them that an idle connection would have to keep.
/// </summary>
public sealed class LiveSocket : ConnectionContext, IDuplexPipe, IConnectionUserFeature, IConnectionHeartbeatFeature
{
    /// <summary>The server's heart beats once a second; SignalR looks at its clocks, which are for 15 and 30 s, at every fourth beat.</summary>
    private const int BeatsPerTick = 4;

    private readonly ConnectionContext _connection;
    private readonly WebSocket _socket;
    private readonly LiveSocketReader _input;
    private readonly LiveSocketWriter _output;
    private readonly LiveLimits _limits;
    private readonly TimeProvider _clock;
    private (Action<object> Tick, object State)[] _ticks = [];
    private long _sendingSince;
    private int _beats;

    private LiveSocket(ConnectionContext connection, ClaimsPrincipal user, LiveLimits limits, TimeProvider clock)
    {
        (_connection, User, _limits, _clock) = (connection, user, limits, clock);
        // SignalR keeps it alive.
        _socket = WebSocket.CreateFromStream(new ConnectionStream(connection), new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        (_input, _output) = (new(_socket), new(_socket, this));
    }

    public override string ConnectionId { get => _connection.ConnectionId; set => _connection.ConnectionId = value; }
    public override IFeatureCollection Features => _connection.Features;
    public override IDictionary<object, object?> Items { get => _connection.Items; set => _connection.Items = value; }
    public override CancellationToken ConnectionClosed { get => _connection.ConnectionClosed; set => _connection.ConnectionClosed = value; }
    public override IDuplexPipe Transport { get => this; set => throw new NotSupportedException("a live socket is its own transport"); }
    public ClaimsPrincipal? User { get; set; }

    PipeReader IDuplexPipe.Input => _input;
    PipeWriter IDuplexPipe.Output => _output;

    /// <summary>Serves the hub until either side ends it.</summary>
    /// <param name="connection">The server's own, on which the client's WebSocket handshake has been answered.</param>
    public static async Task RunAsync(ConnectionContext connection, ClaimsPrincipal user, HubConnectionHandler<LiveHub> hub, LiveLimits limits, TimeProvider clock)
    {
        var socket = new LiveSocket(connection, user, limits, clock);
        connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static me => ((LiveSocket)me).Beat(), socket);
        connection.Features.Set<IConnectionHeartbeatFeature>(socket);
        connection.Features.Set<IConnectionUserFeature>(socket);
        try { await hub.OnConnectedAsync(socket); }
        finally { await socket.CloseAsync(); }
    }

    /// <summary>From now on something waits until the client takes it.</summary>
    internal void BeginSending() => Volatile.Write(ref _sendingSince, _clock.GetTimestamp());

    internal void EndSending() => Volatile.Write(ref _sendingSince, 0);

    public override void Abort(ConnectionAbortedException abortReason) => _connection.Abort(abortReason);

    public override void Abort() => _connection.Abort();

    void IConnectionHeartbeatFeature.OnHeartbeat(Action<object> action, object state) => _ticks = [.. _ticks, (action, state)];

    private void Beat()
    {
        if (Volatile.Read(ref _sendingSince) is var since and not 0 && _clock.GetElapsedTime(since) >= _limits.StoppedReadingMax) Abort(new ConnectionAbortedException("the client took nothing for too long"));
        if (++_beats % BeatsPerTick != 0) return;
        foreach (var (tick, state) in _ticks) tick(state);
    }

    private async Task CloseAsync()
    {
        using var patience = new CancellationTokenSource(_limits.FarewellMax, _clock);
        using var impatient = patience.Token.UnsafeRegister(static me => ((LiveSocket)me!).Abort(), this);
        try
        {
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            // Closed with something unread, a connection is reset, and its client loses what it has not read yet: SignalR's last word.
            while (await _input.ReadAsync(CancellationToken.None) is { IsCompleted: false } read) _input.AdvanceTo(read.Buffer.End);
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException) { /* It has gone. */ }
        _input.Complete();
        _output.Complete();
        _socket.Dispose();
    }
}
