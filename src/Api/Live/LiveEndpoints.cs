using System.Globalization;
using System.IO.Pipelines;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Veza.Api.Auth;
using Veza.Api.Http;
using Veza.Commands.Dispatching;
using Veza.EventStore.Concurrency;
using Veza.Realtime;
using Veza.Realtime.Engine;
using Veza.Realtime.Music.Charts;
using Veza.Realtime.Sockets;

namespace Veza.Api.Live;

/// <summary>The live topics: the hub, and the same over server-sent events.</summary>
public static class LiveEndpoints
{
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    public static void MapLive(this WebApplication app, IEndpointRouteBuilder api)
    {
        app.UseWhen(IsHub, hub =>
        {
            hub.Use(RefuseNew);
            hub.UseWebSockets();
            hub.Use(HandOver);
        });
        var limits = app.Services.GetRequiredService<RealtimeLimits>();
        app.MapHub<LiveHub>(LiveHub.Path, options =>
            {
                options.TransportMaxBufferSize = limits.SendBufferBytes;
                options.ApplicationMaxBufferSize = limits.ReceiveBytesMax;
                options.TransportSendTimeout = limits.StoppedReadingMax;
            })
            .RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new ApiKeyRequirement()))
            .WithMetadata(new NeedsScope("live:read"));
        api.MapGet("/live", StreamAsync)
            .WithTags("Live")
            .AnswersAtLength("text/event-stream")
            .WithSummary("Follow topics live, as server-sent events")
            .WithDescription(
                """
                `topics` is a comma-separated list of `channel:{id}`, `account:{id}` (your own), `track:{id}`,
                `broadcast:{id}`, `community:{id}`, `communities:mine` (all your communities with their channels,
                from joining to leaving), `chart:top`, `chart:trending` and `log` (scope `log:read`). An API key
                needs `live:read` and the scopes under which it may read the same over REST: `messages:read` for a
                channel, `communities:read` for a community, both for `communities:mine`, `tracks:read`,
                `comments:read` and `likes:read` for a track, `broadcasts:read`, `charts:read`; no key follows an
                account. Begins after the position `after`, or after `Last-Event-ID` (`<epoch>:<position>`), which
                takes precedence; without either, now. Events: `batch`, `level`, `fellBehind`, `epochChanged`,
                `topicsClosed`, `channelsChanged`, `closed`. `level` is the present level of a followed broadcast of Ogg
                Opus, at most five times a second:
                `{broadcastId,at,samplePeakDbfs,momentaryLufs,unmetered}`. It is not an event of the log: it has no
                position, and only the newest is sent.
                """
            );
        api.MapGet("/charts/{chart}/live", FollowChartAsync)
            .WithTags("Charts")
            .AnswersAtLength("text/event-stream")
            .WithSummary("Follow a chart live, as server-sent events")
            .WithDescription(
                """
                An event `chart` with the present chart, and another after each change, at most once a second:
                `{epoch,position,at,chart}`, where `chart` is `{chart,span,genre,items}` with at most 100 entries.
                It includes every play counted up to `position`. There is no resuming: each event is complete, and a
                slow client gets the newest. The hub's method is `FollowChart(chart, span, genre)`.
                """
            );
    }

    private static bool IsHub(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null;

    /// <summary>
    /// Refuses new connections before the handshake, so that a client can go elsewhere when the node is full or
    /// stopping. The hub itself counts exactly.
    /// </summary>
    private static Task RefuseNew(HttpContext context, RequestDelegate next)
    {
        // A request of an existing connection, over long polling or server-sent events.
        if (context.Request.Query.ContainsKey("id"))
            return next(context);
        var connections = context.RequestServices.GetRequiredService<LiveConnections>();
        if (context.RequestServices.GetRequiredService<LiveEngine>().IsStopping)
            return Problems.WriteAsync(context, Refused(LiveRefusal.Stopping));
        return connections.IsFull
            ? Problems.WriteAsync(context, Refused(LiveRefusal.TooManyConnections(connections.Max)))
            : next(context);
    }

    /// <summary>
    /// Serves a WebSocket without the request that opened it, where the server supports that. SignalR itself serves all
    /// other transports, and negotiated connections.
    /// </summary>
    private static async Task HandOver(HttpContext context, RequestDelegate next)
    {
        if (
            !context.WebSockets.IsWebSocketRequest
            || context.GetEndpoint()?.Metadata.GetMetadata<NegotiateMetadata>() is not null
            || context.Request.Query.ContainsKey("id")
            || context.Features.Get<ConnectionHandover>() is not { } handover
        )
        {
            await next(context);
            return;
        }
        var limits = context.RequestServices.GetRequiredService<RealtimeLimits>();
        if (KeepAlive(context.Request.Query["keepAlive"], limits) is not { } keepAlive)
        {
            await Problems.WriteAsync(
                context,
                Refused(
                    LiveRefusal.KeepAliveInvalid(
                        context.Request.Query["keepAlive"],
                        limits.KeepAlive,
                        limits.KeepAliveMax
                    )
                )
            );
            return;
        }
        // Answers the handshake. The resulting socket works within the request, so it is never used.
        _ = await context.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { KeepAliveInterval = Timeout.InfiniteTimeSpan }
        );
        var services = context.RequestServices;
        var hub = services.GetRequiredService<HubConnectionHandler<LiveHub>>();
        var heartbeat = services.GetRequiredService<ConnectionHeartbeat>();
        var clock = services.GetRequiredService<TimeProvider>();
        handover.To(Served(context.User, keepAlive, hub, heartbeat, limits, clock));
    }

    // Everything it captures lives as long as the connection.
    private static Func<ConnectionContext, Task> Served(
        ClaimsPrincipal user,
        TimeSpan keepAlive,
        ConnectionHandler hub,
        ConnectionHeartbeat heartbeat,
        RealtimeLimits limits,
        TimeProvider clock
    ) => connection => LiveSocket.RunAsync(connection, user, keepAlive, hub, heartbeat, limits, clock);

    /// <returns>Null when it is not a number of seconds, or out of range.</returns>
    private static TimeSpan? KeepAlive(string? seconds, RealtimeLimits limits)
    {
        if (seconds is null)
            return limits.KeepAlive;
        if (!int.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var given))
            return null;
        var time = TimeSpan.FromSeconds(given);
        return time >= limits.KeepAlive && time <= limits.KeepAliveMax ? time : null;
    }

    private static async Task StreamAsync(
        string? topics,
        string? after,
        HttpContext http,
        LiveEngine engine,
        LiveConnections connections,
        TimeProvider clock
    )
    {
        if (LiveCaller.From(http.User) is not { } caller)
        {
            await Problems.WriteAsync(http, Refused(LiveRefusal.NotSignedIn));
            return;
        }
        if (!TryStart(http.Request, after, out var epoch, out var position, out var refusal))
        {
            await Problems.WriteAsync(http, Refused(refusal));
            return;
        }
        if (!connections.TryEnter())
        {
            await Problems.WriteAsync(http, Refused(LiveRefusal.TooManyConnections(connections.Max)));
            return;
        }
        try
        {
            using var answer = await LongAnswer.TryOpenAsync(http);
            if (answer is null)
                return;
            var names = (topics ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
            var outcome = await engine.SubscribeAsync(caller, names, position, epoch, http.RequestAborted);
            if (outcome is SubscribeOutcome.Refused no)
            {
                await Problems.WriteAsync(http, Refused(no.Refusal));
                return;
            }
            var subscription = ((SubscribeOutcome.Opened)outcome).Subscription;
            await SendAsync(answer, subscription.ReadAsync, http, engine.Limits, clock);
        }
        // The client hung up, as live requests usually end.
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested) { }
        finally
        {
            connections.Leave();
        }
    }

    private static async Task FollowChartAsync(
        string chart,
        string? span,
        string? genre,
        HttpContext http,
        LiveCharts charts,
        LiveConnections connections,
        RealtimeLimits limits,
        TimeProvider clock
    )
    {
        if (LiveCaller.From(http.User) is not { } caller)
        {
            await Problems.WriteAsync(http, Refused(LiveRefusal.NotSignedIn));
            return;
        }
        if (FollowedChart.Find(chart, span, genre) is not { } found)
        {
            await Problems.WriteAsync(http, Refused(LiveRefusal.ChartInvalid(chart, span, genre)));
            return;
        }
        if (!connections.TryEnter())
        {
            await Problems.WriteAsync(http, Refused(LiveRefusal.TooManyConnections(connections.Max)));
            return;
        }
        try
        {
            using var answer = await LongAnswer.TryOpenAsync(http);
            if (answer is null)
                return;
            using var follower = charts.Follow(found, caller.AccountId, out var refusal);
            if (follower is null)
            {
                await Problems.WriteAsync(http, Refused(refusal!));
                return;
            }
            await SendAsync(answer, ct => follower.ReadAsync(answer.Session, ct), http, limits, clock);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested) { }
        finally
        {
            connections.Leave();
        }
    }

    /// <param name="read">Its last message says that the session or the server ends.</param>
    private static async Task SendAsync(
        LongAnswer answer,
        Func<CancellationToken, IAsyncEnumerable<LiveMessage>> read,
        HttpContext http,
        RealtimeLimits limits,
        TimeProvider clock
    )
    {
        answer.Begin("text/event-stream", atOnce: true);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var messages = read(ending.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool>? next = null;
        try
        {
            while (true)
            {
                next ??= messages.MoveNextAsync().AsTask();
                if (await IsSilentAsync(next, limits.KeepAlive, clock))
                {
                    // A key expires without an event that would wake the reader.
                    if (answer.Session.HasEnded)
                        return;
                    Write(answer.Body, ": keep-alive\n\n");
                }
                else if (await next)
                {
                    next = null;
                    Write(answer.Body, messages.Current);
                }
                else
                    return;
                await answer.FlushLastWordsAsync();
            }
        }
        catch (OperationCanceledException) when (answer.IsOver) { }
        finally
        {
            // An enumerator must not be disposed while it runs.
            await ending.CancelAsync();
            if (next is not null)
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await messages.DisposeAsync();
        }
    }

    private static async Task<bool> IsSilentAsync(Task next, TimeSpan keepAlive, TimeProvider clock) =>
        !next.IsCompleted && !await next.EndsWithinAsync(keepAlive, clock);

    private static void Write(PipeWriter body, LiveMessage message)
    {
        // After fellBehind and epochChanged the client fetches the state again; a browser then reconnects from there.
        var resume = message switch
        {
            LiveMessage.Batch batch => (batch.Epoch, batch.Position),
            LiveMessage.FellBehind behind => (behind.Epoch, behind.Head),
            LiveMessage.EpochChanged changed => (changed.Epoch, changed.Head),
            _ => ((string, long)?)null,
        };
        if (resume is var (epoch, position))
            Write(body, string.Create(CultureInfo.InvariantCulture, $"id: {epoch}:{position}\n"));
        Write(body, $"event: {message.Kind}\ndata: ");
        using (var json = new Utf8JsonWriter(body))
            message.WriteTo(json);
        Write(body, "\n\n");
    }

    private static void Write(PipeWriter body, string text) => Encoding.UTF8.GetBytes(text, body);

    private static bool TryStart(
        HttpRequest request,
        string? after,
        out string? epoch,
        out long? position,
        out LiveRefusal refusal
    )
    {
        epoch = null;
        position = null;
        refusal = null!;
        if (request.Headers["Last-Event-ID"] is [{ Length: > 0 } last, ..])
        {
            var colon = last.LastIndexOf(':');
            (epoch, after) = (colon > 0 ? last[..colon] : null, last[(colon + 1)..]);
        }
        if (string.IsNullOrEmpty(after))
            return true;
        if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
        {
            refusal = LiveRefusal.PositionInvalid(after);
            return false;
        }
        position = parsed;
        return true;
    }

    private static Refusal Refused(LiveRefusal refusal) =>
        refusal.Kind switch
        {
            LiveRefusalKind.Invalid => new(refusal.Code, RefusalKind.Invalid, refusal.Detail),
            LiveRefusalKind.NotAllowed => new(refusal.Code, RefusalKind.NotAllowed, refusal.Detail),
            LiveRefusalKind.Unknown => new(refusal.Code, RefusalKind.Unknown, refusal.Detail),
            LiveRefusalKind.TooMany => new(refusal.Code, RefusalKind.TooFast, refusal.Detail)
            {
                RetryAfter = RetryWhenFull,
            },
            _ => new(refusal.Code, RefusalKind.Unavailable, refusal.Detail) { RetryAfter = RetryWhenFull },
        };
}
