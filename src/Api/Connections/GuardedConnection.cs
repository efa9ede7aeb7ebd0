using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Veza.Api.Connections;

/// <summary>
/// A connection that holds a place at a <see cref="ConnectionGate"/> until its socket is closed, and tracks whether it
/// is idle. Everything else is delegated to the server's own connection.
/// </summary>
/// <remarks>All members declared here are safe from any thread.</remarks>
internal sealed class GuardedConnection : ConnectionContext
{
    private readonly ConnectionContext _inner;
    private readonly ConnectionGate _gate;
    private long _waitsSince;
    private int _requests;
    private bool _hasAsked,
        _isClosing,
        _isStaying,
        _hasLeft;

    public GuardedConnection(ConnectionContext inner, ConnectionGate gate, Guid network, long now)
    {
        _inner = inner;
        _gate = gate;
        Network = network;
        _waitsSince = now;
        inner.Features.Set(this);
    }

    public Guid Network { get; }

    /// <summary>Its first request has arrived, complete to the end of the head.</summary>
    public bool HasAsked => Volatile.Read(ref _hasAsked);

    /// <summary>Checks of the gate that found the first request overdue. Only the gate's timer changes it.</summary>
    public int LooksTooLate { get; set; }

    /// <summary>No request is being answered.</summary>
    public bool IsWaiting => Volatile.Read(ref _requests) == 0 && !Volatile.Read(ref _isStaying);

    /// <summary>The gate's timestamp of when it became idle.</summary>
    public long WaitsSince => Volatile.Read(ref _waitsSince);

    /// <summary>The gate has requested its end. Changed under the gate's lock.</summary>
    public bool IsClosing
    {
        get => Volatile.Read(ref _isClosing);
        set => Volatile.Write(ref _isClosing, value);
    }

    public override string ConnectionId
    {
        get => _inner.ConnectionId;
        set => _inner.ConnectionId = value;
    }
    public override IFeatureCollection Features => _inner.Features;
    public override IDictionary<object, object?> Items
    {
        get => _inner.Items;
        set => _inner.Items = value;
    }
    public override IDuplexPipe Transport
    {
        get => _inner.Transport;
        set => _inner.Transport = value;
    }
    public override CancellationToken ConnectionClosed
    {
        get => _inner.ConnectionClosed;
        set => _inner.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _inner.LocalEndPoint;
        set => _inner.LocalEndPoint = value;
    }
    public override EndPoint? RemoteEndPoint
    {
        get => _inner.RemoteEndPoint;
        set => _inner.RemoteEndPoint = value;
    }

    public override void Abort() => _inner.Abort();

    public override void Abort(ConnectionAbortedException abortReason) => _inner.Abort(abortReason);

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await _inner.DisposeAsync();
        }
        finally
        {
            if (!Interlocked.Exchange(ref _hasLeft, true))
                _gate.Leave(this);
        }
    }

    /// <summary>Marks the connection as busy while a request is handled.</summary>
    public static async Task WhileAnswering(HttpContext context, RequestDelegate next)
    {
        var connection = context.Features.Get<GuardedConnection>();
        connection?.Begin();
        try
        {
            await next(context);
        }
        finally
        {
            connection?.End();
        }
    }

    /// <summary>HTTP no longer owns the connection: its new owner closes it.</summary>
    public void Stay()
    {
        Volatile.Write(ref _hasAsked, true);
        Volatile.Write(ref _isStaying, true);
        _gate.LeaveHttp(this);
    }

    internal void Begin()
    {
        Interlocked.Increment(ref _requests);
        Volatile.Write(ref _hasAsked, true);
    }

    internal void End()
    {
        Volatile.Write(ref _waitsSince, _gate.Now);
        Interlocked.Decrement(ref _requests);
    }

    /// <summary>
    /// Asks HTTP to close the connection: immediately when idle, or after the answer to a request that arrives in this
    /// moment.
    /// </summary>
    internal void Close()
    {
        if (HasAsked && Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime)
            lifetime.RequestClose();
        // HTTP would go on waiting for the rest of a head that has begun.
        else
            Abort(new ConnectionAbortedException("the connection was opened and no request came"));
    }
}
