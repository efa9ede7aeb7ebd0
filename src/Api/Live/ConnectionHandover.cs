using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Veza.Api.Connections;
using Veza.Realtime.Sockets;

namespace Veza.Api.Live;

/// <summary>
/// Hands a connection over to a new owner once the HTTP request that opened it has ended. A WebSocket inside a request
/// would keep the whole request alive: headers, services and the pipeline's pending calls.
/// </summary>
/// <remarks>
/// Until a request hands the connection over, HTTP uses it as usual. When HTTP has ended, the new owner gets the
/// transport, which HTTP believes to be completed.
/// </remarks>
internal sealed class ConnectionHandover : IDuplexPipe, IConnectionHeartbeatFeature, IHeartbeatHandler
{
    private (Action<object> Beat, object State)[] _beats = [];
    private Func<ConnectionContext, Task>? _next;

    private ConnectionHandover(IDuplexPipe transport)
    {
        Input = new Reader(transport.Input, this);
        Output = new Writer(transport.Output, this);
    }

    public PipeReader Input { get; }
    public PipeWriter Output { get; }

    public static void UseOn(ListenOptions endpoint)
    {
        var heart = endpoint.ApplicationServices.GetRequiredService<ConnectionHeartbeat>();
        endpoint.Use(http => connection => ServeAsync(connection, http, heart));
    }

    /// <summary>
    /// Sets the new owner, which runs once the request has ended. The request must have been answered to the last byte.
    /// </summary>
    public void To(Func<ConnectionContext, Task> next) => _next = next;

    public void OnHeartbeat(Action<object> action, object state) => _beats = [.. _beats, (action, state)];

    private static async Task ServeAsync(
        ConnectionContext connection,
        ConnectionDelegate http,
        ConnectionHeartbeat heart
    )
    {
        if (await LeftAsync(connection, http, heart) is not { } next)
            return;
        connection.Features.Get<GuardedConnection>()?.Stay();
        await next(connection);
    }

    // A separate method, so that its state can be collected when it returns.
    private static async Task<Func<ConnectionContext, Task>?> LeftAsync(
        ConnectionContext connection,
        ConnectionDelegate http,
        ConnectionHeartbeat heart
    )
    {
        var transport = connection.Transport;
        var leaving = new ConnectionHandover(transport);
        connection.Transport = leaving;
        connection.Features.Set(leaving);
        // The server's own heartbeat never releases a registration.
        var serversHeart = connection.Features.Get<IConnectionHeartbeatFeature>();
        connection.Features.Set<IConnectionHeartbeatFeature>(leaving);
        heart.Add(leaving);
        try
        {
            await http(connection);
        }
        finally
        {
            heart.Remove(leaving);
        }
        connection.Transport = transport;
        connection.Features.Set<ConnectionHandover>(null);
        connection.Features.Set(serversHeart);
        return leaving._next;
    }

    void IHeartbeatHandler.Beat()
    {
        foreach (var (beat, state) in _beats)
            beat(state);
    }

    private sealed class Reader(PipeReader input, ConnectionHandover leaving) : PipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => input.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
            input.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => input.CancelPendingRead();

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            input.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => input.TryRead(out result);

        public override void Complete(Exception? exception = null)
        {
            if (leaving._next is null)
                input.Complete(exception);
        }
    }

    private sealed class Writer(PipeWriter output, ConnectionHandover leaving) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => output.CanGetUnflushedBytes;
        public override long UnflushedBytes => output.UnflushedBytes;

        public override void Advance(int bytes) => output.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => output.GetSpan(sizeHint);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
            output.FlushAsync(cancellationToken);

        public override ValueTask<FlushResult> WriteAsync(
            ReadOnlyMemory<byte> source,
            CancellationToken cancellationToken = default
        ) => output.WriteAsync(source, cancellationToken);

        public override void CancelPendingFlush() => output.CancelPendingFlush();

        public override void Complete(Exception? exception = null)
        {
            if (leaving._next is null)
                output.Complete(exception);
        }
    }
}
