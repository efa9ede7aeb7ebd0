using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Veza.Api.Connections;

/// <summary>
/// Kestrel's sockets with a <see cref="ConnectionGate"/> at the accept: the earliest point where our code sees a
/// connection.
/// </summary>
internal sealed class GuardedListenerFactory(SocketTransportFactory sockets, ConnectionGates gates)
    : IConnectionListenerFactory,
        IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint,
        CancellationToken cancellationToken = default
    ) => new GuardedListener(await sockets.BindAsync(endpoint, cancellationToken), gates.Of(endpoint));
}

/// <summary>Passes on only connections that find a place, and closes the others immediately.</summary>
internal sealed class GuardedListener(IConnectionListener listener, ConnectionGate gate) : IConnectionListener
{
    public EndPoint EndPoint => listener.EndPoint;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await listener.AcceptAsync(cancellationToken) is { } accepted)
        {
            if (gate.TryEnter(accepted) is { } entered)
                return entered;
            // Awaited: the next accept must wait until this one's file is free again.
            accepted.Abort(new ConnectionAbortedException("there is no place for this connection"));
            await accepted.DisposeAsync();
        }
        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) =>
        listener.UnbindAsync(cancellationToken);

    public ValueTask DisposeAsync() => listener.DisposeAsync();
}
