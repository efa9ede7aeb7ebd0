using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Veza.Api.Auth;
using Veza.Api.Configuration;
using Veza.Api.Http;
using Veza.Api.Pages;
using Veza.Commands.Dispatching;
using Veza.Commands.Live.Broadcasts;
using Veza.Media.Live;
using Veza.Projections.Live.Broadcasts;
using AccountRole = Veza.Domain.Accounts.PlatformRole;

namespace Veza.Api.Live.Broadcasts;

public sealed record CreateBroadcastBody(string Title);

/// <summary>Opening, listing, ending and playing of broadcasts.</summary>
public static class BroadcastEndpoints
{
    public static void AddBroadcasts(this IServiceCollection services, VezaSettings settings, LastingKeys keys)
    {
        services.AddSingleton(
            new BroadcastLimits
            {
                StreamsMax = settings.BroadcastsMax,
                ListenersPerStreamMax = settings.ListenersPerBroadcastMax,
            }
        );
        services.AddSingleton<Mounts>();
        services.AddSingleton(new SourceKeys(keys.Sources));
        services.AddSingleton<BroadcastQueries>();
        services.AddSingleton<BroadcastSources>();
        services.AddSingleton<IBroadcastSources>(p => p.GetRequiredService<BroadcastSources>());
        services.AddSingleton(new IcecastLimits());
        services.AddSingleton<IcecastSource>();
        services.AddSingleton<SourceSocket>();
        if (!settings.Has(HostRole.Media))
            return;
        services.AddHostedService(p => p.GetRequiredService<BroadcastSources>());
        services.AddHostedService<BroadcastLevels>();
    }

    public static void MapBroadcasts(this IEndpointRouteBuilder api)
    {
        var broadcasts = api.MapGroup("/broadcasts").WithTags("Broadcasts");
        broadcasts
            .MapPost("", Create)
            .Produces(StatusCodes.Status201Created)
            .WithSummary("Open a broadcast")
            .WithDescription(
                """
                Returns the Icecast address and key for its source. Encoders such as ffmpeg, liquidsoap and butt
                send Ogg Opus, Ogg Vorbis or MP3 there.
                """
            );
        broadcasts
            .MapGet("", List)
            .ReadsFrom(BroadcastQueries.Reads)
            .AnswersPosition()
            .Produces<Page<BroadcastView>>()
            .WithSummary("List broadcasts, newest first")
            .WithDescription("`live=true` lists only those on the air.");
        broadcasts
            .MapGet("/{broadcastId:guid}", One)
            .ReadsFrom(BroadcastQueries.Reads)
            .AnswersPosition()
            .Produces<BroadcastView>()
            .WithSummary("Read a broadcast");
        broadcasts
            .MapPost("/{broadcastId:guid}/stop", (Guid broadcastId, Caller caller, CommandSender commands) =>
                commands.Send(
                    new StopBroadcast(broadcastId, caller.AccountId, Moderates(caller)),
                    new { id = broadcastId }
                )
            )
            .WithSummary("End a broadcast")
            .WithDescription(
                """
                For its owner. Operators and moderators of the platform may end any broadcast; the owner sees that
                among their security events.
                """
            );
    }

    private static bool Moderates(Caller caller) =>
        caller.Roles.Overlaps([AccountRole.Operator, AccountRole.Moderator]);

    /// <summary>Serves the sound at the public address that players use.</summary>
    public static void MapBroadcastSound(this IEndpointRouteBuilder app) =>
        app.MapGet("/live/{broadcastId:guid}", Listen)
            .AllowAnonymous()
            .WithTags("Broadcasts")
            .WithSummary("Listen to a broadcast")
            .WithDescription(
                """
                The source's own bytes, from a join point on, until the broadcast ends. A browser that opens the address
                (`Accept: text/html`) gets the web page instead.
                """
            )
            .OpensPage();

    /// <summary>Takes the sound of a browser. Nodes without the role <c>media</c> have no sources.</summary>
    public static void MapBroadcastSource(this WebApplication app, VezaSettings settings)
    {
        if (!settings.Has(HostRole.Media))
            return;
        app.UseWhen(
            context => context.GetEndpoint()?.Metadata.GetMetadata<TakesSource>() is not null,
            // The source's silence shows a lost connection sooner than a ping would.
            source => source.UseWebSockets(new() { KeepAliveInterval = Timeout.InfiniteTimeSpan })
        );
        app.MapGet("/live/{broadcastId:guid}/source", (Guid broadcastId, SourceSocket source, HttpContext http) =>
                source.ServeAsync(http, broadcastId)
            )
            .AllowAnonymous()
            .WithMetadata(TakesSource.Marker)
            // OpenAPI cannot describe a WebSocket's messages.
            .ExcludeFromDescription();
    }

    private static async Task<IResult> Create(
        CreateBroadcastBody body,
        Caller caller,
        CommandSender commands,
        SourceKeys keys,
        HttpRequest request
    )
    {
        var id = Guid.CreateVersion7();
        var result = await commands.Decide(new CreateBroadcast(id, caller.AccountId, body.Title), new { id });
        // A repeat gets the first request's id. The key is derived from it again, because the stored answer does not
        // hold it.
        if (result is CommandResult.Done { Answer: { } first } done)
            (id, result) = (
                JsonDocument.Parse(first).RootElement.GetProperty("id").GetGuid(),
                done with
                {
                    Answer = null,
                }
            );
        var (key, mount) = (keys.Of(id), $"/live/{id}");
        return CommandSender.Answer(
            result,
            new
            {
                id,
                ingest = new
                {
                    url = $"icecast://source:{key}@{request.Host}{mount}",
                    mount,
                    key,
                },
                listenUrl = mount,
            },
            StatusCodes.Status201Created
        );
    }

    private static async Task<IResult> List(
        bool? live,
        long? before,
        int? limit,
        Mounts mounts,
        HttpContext http,
        CancellationToken ct
    )
    {
        if (Page.Limit(limit, out var refusal) is not { } size)
            return refusal;
        var broadcasts = new BroadcastQueries(http.Views());
        var found = await broadcasts.ListAsync(live ?? false, before ?? long.MaxValue, size + 1, Listeners(mounts), ct);
        return Results.Ok(Page.Cut(http, found, size, b => $"before={b.Position}"));
    }

    private static async Task<IResult> One(Guid broadcastId, Mounts mounts, HttpContext http, CancellationToken ct) =>
        await new BroadcastQueries(http.Views()).FindAsync(broadcastId, Listeners(mounts), ct) is { } found
            ? Results.Ok(found)
            : Problems.Result(Refusals.Unknown("broadcast", broadcastId));

    private static async Task Listen(Guid broadcastId, Mounts mounts, IHostApplicationLifetime host, HttpContext http)
    {
        var mount = mounts.Find(broadcastId);
        using var listener = mount?.Join();
        if (mount is null || listener is null)
        {
            await Problems.WriteAsync(
                http,
                mount is null ? BroadcastRefusals.NotLive : BroadcastRefusals.Full(mounts.Limits.ListenersPerStreamMax)
            );
            return;
        }
        http.Response.ContentType = mount.Format.ContentType();
        http.Response.Headers.CacheControl = "no-store";
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        // A slow listener skips forward instead of being cut off, and a quiet broadcast legitimately sends little.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        try
        {
            // A player that joins before the first sound sees at once that it has connected.
            await http.Response.BodyWriter.FlushAsync(gone.Token);
            await IcecastListener.WriteAsync(listener, http.Response.BodyWriter, gone.Token);
        }
        catch (OperationCanceledException)
        { /* The listener has gone, or the server goes. */
        }
    }

    private static Func<Guid, int> Listeners(Mounts mounts) => id => mounts.Find(id)?.Listeners ?? 0;
}
