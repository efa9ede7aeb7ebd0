using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;
using Veza.Api.Connections;
using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>The Icecast source protocol, in front of Kestrel's HTTP.</summary>
/// <remarks>
/// A source sends <c>PUT</c> (or <c>SOURCE</c>) with neither length nor chunks, and then endless sound. For HTTP/1.1
/// and Kestrel such a request has no body, so the connection is taken before Kestrel reads it. Every other connection
/// goes on to Kestrel unchanged. A source must be the first request of its connection, as it is with every encoder.
/// </remarks>
public sealed class IcecastSource(IBroadcastSources sources, IcecastLimits limits, TimeProvider time)
{
    /// <summary>Puts the protocol in front of an endpoint. Over TLS it belongs after <c>UseHttps</c>.</summary>
    public void UseOn(ListenOptions endpoint) => endpoint.Use(next => connection => HandleAsync(connection, next));

    private async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var (verdict, head) = await PeekAsync(connection);
        switch (verdict)
        {
            case HeadVerdict.SomethingElse:
                await next(connection);
                break;
            case HeadVerdict.TooLarge:
                await RefuseAsync(connection, 431, $"request head is more than {limits.HeadBytesMax:N0} bytes");
                break;
            case HeadVerdict.Undecided:
                await RefuseAsync(
                    connection,
                    408,
                    $"request head took more than {limits.HeadTimeLimit.TotalSeconds:N0} s"
                );
                break;
            default:
                connection.Features.Get<GuardedConnection>()?.Stay();
                await ServeAsync(connection, head!);
                break;
        }
    }

    private async Task<(HeadVerdict, IcecastHead?)> PeekAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var limit = new CancellationTokenSource(limits.HeadTimeLimit, time);
        // Otherwise a silent connection would delay the server's shutdown.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Stopping(connection));
        var anything = false;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(stop.Token);
                var verdict = IcecastHead.Read(read.Buffer, limits.HeadBytesMax, out var head, out var end);
                if (verdict == HeadVerdict.Undecided && read.IsCompleted)
                    verdict = HeadVerdict.SomethingElse;
                switch (verdict)
                {
                    case HeadVerdict.Undecided:
                        anything |= !read.Buffer.IsEmpty;
                        input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                        continue;
                    case HeadVerdict.Source:
                        input.AdvanceTo(end);
                        return (verdict, head);
                    default:
                        // Nothing consumed and nothing examined: the next reader finds all of it.
                        input.AdvanceTo(read.Buffer.Start);
                        return (verdict, null);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Browsers open connections in advance; Kestrel keeps or closes them.
            return (
                anything && limit.IsCancellationRequested ? HeadVerdict.Undecided : HeadVerdict.SomethingElse,
                null
            );
        }
        catch (IOException)
        {
            return (HeadVerdict.SomethingElse, null);
        }
    }

    private async Task ServeAsync(ConnectionContext connection, IcecastHead head)
    {
        if (head.BroadcastId() is not { } broadcastId)
        {
            await RefuseAsync(connection, 404, "the mount is /live/ and the broadcast's id");
            return;
        }
        // An HTTP proxy passes the head on, and nothing of the sound behind it: to HTTP this request has no body.
        if (head is { IsForwarded: true, IsChunked: false, HasLength: false })
        {
            await RefuseAsync(connection, 411, "a source behind a proxy sends Transfer-Encoding: chunked");
            return;
        }
        if (head.Credentials() is not { } credentials)
        {
            await RefuseAsync(
                connection,
                401,
                "a source authenticates with Basic, user \"source\" and the broadcast's key"
            );
            return;
        }
        var contentType = head.Header("content-type");
        if (BroadcastFormats.FromContentType(contentType) is not { } format)
        {
            await RefuseAsync(
                connection,
                415,
                $"content type \"{contentType}\" is not accepted; accepted are {BroadcastFormats.Accepted}"
            );
            return;
        }
        var ice = head.Headers.Where(h => h.Key.StartsWith("ice-", StringComparison.Ordinal)).ToDictionary();
        var request = new SourceRequest(broadcastId, credentials.User, credentials.Password, contentType, format, ice);
        switch (await AuthenticateAsync(connection, request))
        {
            case SourceRefused refused:
                await RefuseAsync(connection, refused.Status, refused.Reason);
                break;
            case SourceAccepted { Mount: var mount }:
                await ConnectAsync(connection, head, request, mount);
                break;
        }
    }

    private async Task<SourceAnswer> AuthenticateAsync(ConnectionContext connection, SourceRequest request)
    {
        try
        {
            return await sources.Authenticate(request, connection.ConnectionClosed);
        }
        catch
        {
            // The encoder gets an answer; the fault goes on to Kestrel, which logs it.
            await RefuseAsync(connection, 500, "the server failed");
            throw;
        }
    }

    private async Task ConnectAsync(ConnectionContext connection, IcecastHead head, SourceRequest request, Mount mount)
    {
        var answer = mount.Connect(request.Format, out var source);
        if (source is null)
        {
            var refused = SourceRefused.Of(answer, mount);
            await RefuseAsync(connection, refused.Status, refused.Reason);
            return;
        }
        var end = new SourceEnd(SourceEndReason.Closed, "the source closed the connection");
        try
        {
            await sources.Connected(request, mount, connection.ConnectionClosed);
            await WelcomeAsync(connection, head);
            end = await ReceiveAsync(connection, new SourceBody(source, head.IsChunked), source, mount);
            if (end.Reason == SourceEndReason.Finished)
                await SendAsync(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        finally
        {
            source.Dispose();
            await sources.Disconnected(request, mount, end);
        }
    }

    // Old encoders wait for "200 OK" before they send. Those that ask with Expect want 100; they get the 200, if at
    // all, at the end.
    private static Task WelcomeAsync(ConnectionContext connection, IcecastHead head)
    {
        if (head.ExpectsContinue)
            return SendAsync(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        return head.IsPut && head.IsChunked ? Task.CompletedTask : SendAsync(connection, "HTTP/1.0 200 OK\r\n\r\n");
    }

    private async Task<SourceEnd> ReceiveAsync(
        ConnectionContext connection,
        SourceBody body,
        MountSource source,
        Mount mount
    )
    {
        var stopping = Stopping(connection);
        using var idle = new CancellationTokenSource(limits.IdleTimeLimit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, mount.Ending, stopping);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(stop.Token);
                if (!read.Buffer.IsEmpty)
                    idle.CancelAfter(limits.IdleTimeLimit);
                var state = body.Write(read.Buffer);
                input.AdvanceTo(read.Buffer.End);
                if (source.Fault is { } fault)
                    return new(SourceEndReason.BadStream, fault);
                switch (state)
                {
                    case BodyState.Finished:
                        return new(SourceEndReason.Finished, "the source finished");
                    case BodyState.Malformed:
                        return new(SourceEndReason.BadStream, "the chunks of the body are malformed");
                    case BodyState.MountGone:
                        return new(SourceEndReason.BroadcastEnded, "the broadcast has ended");
                }
                if (read.IsCompleted)
                    return new(SourceEndReason.Closed, "the source closed the connection");
            }
        }
        catch (OperationCanceledException)
        {
            if (mount.Ending.IsCancellationRequested)
                return new(SourceEndReason.BroadcastEnded, "the broadcast has ended");
            if (stopping.IsCancellationRequested)
                return new(SourceEndReason.ServerStopping, "the server is stopping");
            return new(
                SourceEndReason.Idle,
                $"nothing came from the source for {limits.IdleTimeLimit.TotalSeconds:N0} s"
            );
        }
        catch (IOException e)
        {
            return new(SourceEndReason.Closed, e.Message);
        }
    }

    private static CancellationToken Stopping(ConnectionContext connection) =>
        connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
        ?? CancellationToken.None;

    private static Task RefuseAsync(ConnectionContext connection, int status, string reason)
    {
        var challenge = status == 401 ? "WWW-Authenticate: Basic realm=\"Veza\"\r\n" : "";
        var body = reason + "\n";
        return SendAsync(
            connection,
            $"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\n{challenge}"
                + "Content-Type: text/plain; charset=utf-8\r\n"
                + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}"
        );
    }

    private static async Task SendAsync(ConnectionContext connection, string text)
    {
        connection.Transport.Output.Write(Encoding.UTF8.GetBytes(text));
        await connection.Transport.Output.FlushAsync();
    }
}
