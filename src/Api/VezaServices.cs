using System.Text;
using Veza.Api.Accounts;
using Veza.Api.Chat.Messages;
using Veza.Api.Configuration;
using Veza.Api.Health;
using Veza.Api.Http;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Tracks;
using Veza.Api.Observability;
using Veza.Api.Replay;
using Veza.Api.Reactions;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Realtime;

namespace Veza.Api;

/// <summary>Everything the host is composed of.</summary>
internal static class VezaServices
{
    public static void Add(IServiceCollection services, VezaSettings settings, EventLog log, ProjectionHost projections)
    {
        services.AddSingleton(settings);
        services.AddSingleton(RequestLimits.For(settings));
        services.AddOrigins(settings);
        services.AddSingleton<IHostLifetime, NoSignals>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = VezaHost.ShutdownTimeout);

        services.AddSingleton(log.Database);
        services.AddVeza(log, projections, new Limits(settings.MessageBytesMax), new HistoryLimit(settings.MessageHistoryMax),
            new AccountSettings(Encoding.UTF8.GetBytes(settings.JwtSecret!), settings.RateLimitPerMinute));
        services.AddBroadcasts(settings);
        services.AddRealtime(new(settings.ConnectionsMax));
        services.AddLogReplay();
        services.AddTracks(settings.MediaRoot, settings.UploadBytesMax);
        if (settings.Has(Role.Media)) services.RunReactions();
        Telemetry.AddMetricsAndTraces(services, settings);

        var health = services.AddHealthChecks().AddCheck<LogHealth>("log", tags: [HealthEndpoints.Ready]);
        if (settings.Has(Role.Projections)) health.AddCheck<ProjectionsHealth>("projections", tags: [HealthEndpoints.Ready]);
        if (settings.Has(Role.Media)) health.AddCheck<MediaToolsHealth>("media_tools", tags: [HealthEndpoints.Ready]);
    }
}
