using System.Net.WebSockets;
using Veza.Api.Http;
using Veza.Commands.Live.Broadcasts;
using Veza.Media.Live;

namespace Veza.Api.Live.Broadcasts;

/// <summary>A source over WebSocket, for browsers: a page cannot send a request that never ends.</summary>
/// <remarks>
/// The first message is text, <c>{"key":…,"contentType":…}</c>. The answer is <c>{"type":"accepted"}</c>, and from then
/// on binary messages carry the recorder's bytes in order. A close frame says why the connection ends:
/// <see cref="SourceClose"/>. Sound is read as fast as it is framed, into one buffer; TCP holds a faster source back.
/// </remarks>
public sealed class SourceSocket(
    IBroadcastSources sources,
    IcecastLimits limits,
    TimeProvider time,
    IHostApplicationLifetime host
)
{
    /// <summary>A key of 32 characters and a content type.</summary>
    public const int HelloBytesMax = 1024;

    /// <summary>Half a second at 256 kbit/s. A longer message is read in parts.</summary>
    public const int BufferBytes = 16 * 1024;

    /// <summary>
    /// Time for the close frame and its answer. Without the wait, unread sound would reset the connection.
    /// </summary>
    public static readonly TimeSpan CloseTimeMax = TimeSpan.FromSeconds(5);

    /// <summary>The user name is Icecast's custom.</summary>
    private const string User = "source";

    private static readonly byte[] Accepted = """{"type":"accepted"}"""u8.ToArray();
    private static readonly Dictionary<string, string> NoHeaders = [];

    public async Task ServeAsync(HttpContext http, Guid broadcastId)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            await Problems.WriteAsync(http, BroadcastRefusals.WebSocketRequired);
            return;
        }
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var messages = new SourceMessages(socket, BufferBytes);
        if (await RunAsync(messages, broadcastId, http.RequestAborted) is { } close)
            await messages.CloseAsync(close, CloseTimeMax, time);
    }

    /// <returns>What to close with; null when the source has gone.</returns>
    private async Task<SourceClose?> RunAsync(SourceMessages messages, Guid broadcastId, CancellationToken gone)
    {
        var (hello, close) = await ReadHelloAsync(messages);
        if (hello is null)
            return close;
        if (SourceSound.FromContentType(hello.ContentType) is not { } sound)
            return SourceClose.Refused(
                StatusCodes.Status415UnsupportedMediaType,
                $"accepted are {SourceSound.Accepted}; not \"{hello.ContentType}\""
            );
        var request = new SourceRequest(broadcastId, User, hello.Key, hello.ContentType, sound.Format, NoHeaders);
        return await sources.Authenticate(request, gone) switch
        {
            SourceAccepted { Mount: var mount } => await ConnectAsync(messages, request, sound, mount, gone),
            SourceRefused refused => SourceClose.Refused(refused.Status, refused.Reason),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no known answer"),
        };
    }

    private async Task<(SourceHello?, SourceClose?)> ReadHelloAsync(SourceMessages messages)
    {
        using var limit = new CancellationTokenSource(limits.HeadTimeLimit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, host.ApplicationStopping);
        try
        {
            var text = await messages.ReadTextAsync(HelloBytesMax, stop.Token);
            return text is not null && SourceHello.Parse(text) is { } hello
                ? (hello, null)
                : (null, SourceClose.Refused(StatusCodes.Status400BadRequest, SourceHello.Expected));
        }
        catch (OperationCanceledException) when (host.ApplicationStopping.IsCancellationRequested)
        {
            return (null, SourceClose.Of(SourceEndReason.ServerStopping, "the server is stopping"));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            var reason = $"no first message came for {limits.HeadTimeLimit.TotalSeconds:N0} s";
            return (null, SourceClose.Refused(StatusCodes.Status408RequestTimeout, reason));
        }
        // The connection is lost.
        catch (Exception lost) when (lost is WebSocketException or OperationCanceledException)
        {
            return (null, null);
        }
    }

    private async Task<SourceClose?> ConnectAsync(
        SourceMessages messages,
        SourceRequest request,
        SourceSound sound,
        Mount mount,
        CancellationToken gone
    )
    {
        var answer = mount.Connect(sound, out var source);
        if (source is null)
        {
            var refused = SourceRefused.Of(answer, mount);
            return SourceClose.Refused(refused.Status, refused.Reason);
        }
        var end = new SourceEnd(SourceEndReason.Closed, "the source closed the connection");
        try
        {
            await sources.Connected(request, mount, gone);
            end = await ReceiveAsync(messages, source, mount);
        }
        finally
        {
            source.Dispose();
            await sources.Disconnected(request, mount, end);
        }
        return end.Reason == SourceEndReason.Closed ? null : SourceClose.Of(end.Reason, end.Detail);
    }

    private async Task<SourceEnd> ReceiveAsync(SourceMessages messages, MountSource source, Mount mount)
    {
        using var idle = new CancellationTokenSource(limits.IdleTimeLimit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            idle.Token,
            mount.Ending,
            host.ApplicationStopping
        );
        try
        {
            await messages.SendTextAsync(Accepted, stop.Token);
            while (true)
            {
                var (type, bytes) = await messages.ReceiveAsync(stop.Token);
                switch (type)
                {
                    case WebSocketMessageType.Close:
                        return new(SourceEndReason.Finished, "the source finished");
                    case WebSocketMessageType.Text:
                        return new(SourceEndReason.BadStream, "only the first message is text; sound is binary");
                }
                if (!bytes.IsEmpty)
                    idle.CancelAfter(limits.IdleTimeLimit);
                if (!source.Write(bytes.Span))
                    return new(SourceEndReason.BroadcastEnded, "the broadcast has ended");
                if (source.Fault is { } fault)
                    return new(SourceEndReason.BadStream, fault);
            }
        }
        catch (OperationCanceledException lost)
        {
            if (mount.Ending.IsCancellationRequested)
                return new(SourceEndReason.BroadcastEnded, "the broadcast has ended");
            if (host.ApplicationStopping.IsCancellationRequested)
                return new(SourceEndReason.ServerStopping, "the server is stopping");
            if (!idle.IsCancellationRequested)
                return new(SourceEndReason.Closed, lost.Message);
            return new(
                SourceEndReason.Idle,
                $"nothing came from the source for {limits.IdleTimeLimit.TotalSeconds:N0} s"
            );
        }
        catch (WebSocketException e)
        {
            return new(SourceEndReason.Closed, e.Message);
        }
    }
}
