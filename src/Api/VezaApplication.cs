using System.Text.Json;
using System.Text.Json.Serialization;
using Veza.Api.Accounts;
using Veza.Api.Chat.Communities;
using Veza.Api.Chat.Messages;
using Veza.Api.Http;
using Veza.Api.Live;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Tracks;
using Veza.Api.OpenApi;
using Veza.Api.Replay;
using Veza.Api.Social.Comments;
using Veza.Api.Social.Likes;
using Veza.Api.Music.Charts;
using Veza.Api.Music.Listening;
using Veza.Api.Social;
using Veza.Api.Social.Feed;
using Veza.Api.Social.Follows;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.EventStore.Verification;
using Veza.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;
using Veza.Realtime;

namespace Veza.Api;

/// <summary>What the process consists of: the services and the endpoints, in one place each.</summary>
public static class VezaApplication
{
    public static EventTypes EventTypes { get; } = EventTypes.DerivedFrom(typeof(DomainEvent), ConfigureJson);

    /// <summary>Every projection of the product: one of each class there is.</summary>
    public static IReadOnlyList<IProjection> CreateProjections() =>
        [.. new[] { typeof(ReadModels), typeof(TopicIndexProjection) }.SelectMany(room => room.Assembly.GetTypes())
            .Where(t => t is { IsAbstract: false } && t.IsAssignableTo(typeof(IProjection)))
            .Select(t => (IProjection)Activator.CreateInstance(t)!).OrderBy(p => p.Name, StringComparer.Ordinal)];

    /// <summary>Which events give the unique names to their owners.</summary>
    public static IReadOnlyList<NameRule> NameRules { get; } =
    [
        new(Account.UserNameScope, EventStore.EventTypes.Alias(typeof(AccountRegistered)), "userName"),
        new(Account.EmailScope, EventStore.EventTypes.Alias(typeof(AccountRegistered)), "email"),
    ];

    public static void AddVeza(this IServiceCollection services, EventLog log, ProjectionHost projections, Limits limits, HistoryLimit history, AccountSettings accounts)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(log);
        services.AddSingleton(projections);
        services.AddSingleton(limits);
        services.AddSingleton(history);
        services.AddSingleton(provider => new Dispatcher(log, limits, provider.GetRequiredService<TimeProvider>().GetUtcNow));
        services.AddSingleton(new ReadModels(log.Database));
        services.AddSingleton<MessageQueries>().AddSingleton<ChatQueries>();
        services.AddAccounts(accounts);
        services.AddSocial().AddListening();
        services.ConfigureHttpJsonOptions(o => ConfigureJson(o.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddExceptionHandler<FaultHandler>();
        // ASP.NET Core would put the whole traceparent there, in place of the id that logs and traces are found by.
        services.AddProblemDetails(o => o.CustomizeProblemDetails = c => c.ProblemDetails.Extensions["traceId"] = System.Diagnostics.Activity.Current?.TraceId.ToHexString());
        services.AddApiDescription();
    }

    public static void MapVeza(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages(answer => Problems.WriteEmptyAsync(answer.HttpContext));
        app.UseAuthentication();
        app.UseRateLimits();
        app.UseAuthorization();
        app.Use(IdempotencyKey.Middleware);
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        app.UseSwaggerUI(ui => { ui.RoutePrefix = "docs"; ui.SwaggerEndpoint("/openapi/v1.json", "Veza"); ui.DocumentTitle = "Veza API"; });
        var api = app.MapGroup("/api/v1").RequireAuthorization();
        app.MapSigningKeys();
        api.MapAccounts();
        api.MapCommunities();
        api.MapMessages();
        api.MapBroadcasts();
        app.MapBroadcastSound();
        app.MapLive(api);
        app.MapLog(api);
        api.MapProjections();
        api.MapTracks();
        api.MapLikes();
        api.MapComments();
        api.MapFollows();
        api.MapFeed();
        api.MapPlays();
        api.MapCharts();
    }

    private static void ConfigureJson(JsonSerializerOptions json)
    {
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        json.MaxDepth = 32;
    }
}
