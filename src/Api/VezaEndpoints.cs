using Veza.Api.Accounts;
using Veza.Api.Auth;
using Veza.Api.Chat.Channels;
using Veza.Api.Chat.Communities;
using Veza.Api.Chat.Members;
using Veza.Api.Chat.Messages;
using Veza.Api.Chat.Reading;
using Veza.Api.Chat.Roles;
using Veza.Api.Configuration;
using Veza.Api.Connections;
using Veza.Api.Counts;
using Veza.Api.Health;
using Veza.Api.Http;
using Veza.Api.Live;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Charts;
using Veza.Api.Music.Listening;
using Veza.Api.Music.Tracks;
using Veza.Api.Observability;
using Veza.Api.Pages;
using Veza.Api.Replay;
using Veza.Api.Social.Comments;
using Veza.Api.Social.Feed;
using Veza.Api.Social.Follows;
using Veza.Api.Social.Likes;

namespace Veza.Api;

/// <summary>Maps every endpoint of the host.</summary>
internal static class VezaEndpoints
{
    public static void Map(WebApplication app, VezaSettings settings)
    {
        app.UseConnectionGates();
        app.UseTrustedProxies(settings);
        app.UsePorts(settings);
        MetricsEndpoint.Map(app, settings);
        HealthEndpoints.Map(app);
        app.UseBrowserRules(settings);
        app.UsePage(settings);
        app.UseExceptionHandler();
        app.UseStatusCodePages(answer => Problems.WriteEmptyAsync(answer.HttpContext));
        app.Use(RequestLimits.Middleware);
        app.Use(ContentTypes.Middleware);
        app.UseAuthentication();
        app.UseRateLimits();
        app.UseAuthorization();
        app.Use(IdempotencyKey.Middleware);
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        // It would match every request's path against its own expressions.
        app.UseWhen(
            context => context.Request.Path.StartsWithSegments("/docs"),
            docs =>
                docs.UseSwaggerUI(ui =>
                {
                    ui.RoutePrefix = "docs";
                    ui.SwaggerEndpoint("/openapi/v1.json", "Veza");
                    ui.DocumentTitle = "Veza API";
                })
        );
        var api = app.MapGroup("/api/v1")
            .RequireAuthorization(policy => policy.RequireAuthenticatedUser().AddRequirements(new ApiKeyRequirement()));
        app.MapSigningKeys();
        api.MapAccounts();
        api.MapPasswords();
        api.MapSuspensions();
        api.MapEmails();
        app.MapMailPages();
        api.MapSessions();
        api.MapMediaTokens();
        api.MapTwoFactor();
        api.MapApiKeys();
        api.MapSecurityEvents();
        api.MapCommunities();
        api.MapChannels();
        api.MapMessages();
        api.MapReading();
        api.MapPresence();
        api.MapModeration();
        api.MapRoles();
        api.MapOverwrites();
        api.MapPermissions();
        api.MapBroadcasts();
        app.MapBroadcastSound();
        app.MapBroadcastSource(settings);
        app.MapLive(api);
        app.MapLog(api);
        api.MapProjections();
        api.MapReactors();
        api.MapBuilds();
        api.MapTracks();
        api.MapLikes();
        api.MapComments();
        api.MapFollows();
        api.MapFeed();
        api.MapPlays();
        api.MapCharts();
        api.MapCounts();
    }
}
