using System.Text;
using Marten;
using Veza.Api.Accounts;
using Veza.Api.Auth;
using Veza.Api.Chat.Messages;
using Veza.Api.Configuration;
using Veza.Api.Connections;
using Veza.Api.Health;
using Veza.Api.Http;
using Veza.Api.Live.Broadcasts;
using Veza.Api.Music.Listening;
using Veza.Api.Music.Tracks;
using Veza.Api.OpenApi;
using Veza.Api.Replay;
using Veza.Api.Social;
using Veza.Commands.Dispatching;
using Veza.EventStore;
using Veza.EventStore.Database;
using Veza.EventStore.Marten;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;
using Veza.Projections;
using Veza.Projections.Chat;
using Veza.Projections.Chat.Messages;
using Veza.Projections.Chat.Reading;
using Veza.Projections.Chat.Roles;
using Veza.Projections.Counts;
using Veza.Reactors.Accounts;
using Veza.Reactors.Music.Tracks;
using Veza.Reactors.Running;
using Veza.Realtime;
using Wolverine.Runtime;

namespace Veza.Api;

/// <summary>Registers every service of the host.</summary>
internal static class VezaServices
{
    /// <summary>The schema where Marten would store documents. The product has none.</summary>
    private const string DocumentsSchema = "documents";

    public static void Add(
        IServiceCollection services,
        VezaSettings settings,
        ConnectionLimits limits,
        EventLog log,
        ProjectionHost projections,
        LastingKeys keys
    )
    {
        AddHost(services, settings);
        AddCapabilities(services, settings, log, projections, keys);
        services.AddRealtime(new(limits.Live));
        AddHttp(services, settings, keys);
        AddHealth(services, settings);
    }

    private static void AddHost(IServiceCollection services, VezaSettings settings)
    {
        services.AddSingleton(settings);
        services.AddSingleton<IHostLifetime, NoSignals>();
        services.AddHostedService<FullCollections>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = VezaHost.ShutdownTimeout);
    }

    private static void AddCapabilities(
        IServiceCollection services,
        VezaSettings settings,
        EventLog log,
        ProjectionHost projections,
        LastingKeys keys
    )
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(log);
        services.AddSingleton(log.Database);
        services.AddSingleton(projections);
        services.AddMarten(options =>
        {
            options.Connection(log.Database);
            options.DatabaseSchemaName = DocumentsSchema;
            options.OpenVezaLog(log.Cipher, VezaApplication.Aggregates);
        });
        services.AddSingleton(new HistoryLimit(settings.MessageHistoryMax));
        services.AddSingleton(provider => new CommandBus(
            provider.GetRequiredService<IWolverineRuntime>(),
            log,
            provider.GetRequiredService<TimeProvider>().GetUtcNow
        ));
        services.AddSingleton(new ReadModels(log.Database));
        services
            .AddSingleton<MessageQueries>()
            .AddSingleton<MessageStreams>()
            .AddSingleton<ChatQueries>()
            .AddSingleton<MemberPermissions>()
            .AddSingleton<PermissionHistory>()
            .AddSingleton<RoleQueries>()
            .AddSingleton<UnreadQueries>()
            .AddSingleton<CountQueries>();
        services.AddSingleton<Erasures>().AddSingleton<ReactorQueues>();
        if (settings.Has(HostRole.Reactors))
            AddReactors(services, settings, log, projections);
        services.AddAccounts(
            new(
                Encoding.UTF8.GetBytes(settings.JwtSecret!),
                settings.JwtSecretAccepted is { } accepted ? Encoding.UTF8.GetBytes(accepted) : null,
                keys,
                settings.RateLimitPerMinute,
                RolesNeedTwoFactor: settings.InProduction
            )
        );
        services.AddMail(settings, keys);
        services.AddSocial().AddListening();
        services.AddBroadcasts(settings, keys);
        services.AddLogReplay();
        services.AddTracks(
            settings.MediaRoot,
            settings.Bucket,
            settings.UploadBytesMax,
            settings.StorageBytesPerAccountMax
        );
    }

    /// <summary>Additional services of reactors, which Wolverine runs.</summary>
    private static void AddReactors(
        IServiceCollection services,
        VezaSettings settings,
        EventLog log,
        ProjectionHost projections
    )
    {
        services.AddSingleton(
            new SweepReach(VezaApplication.ErasingProjections, OwnsServer: settings.Database is null)
        );
        services.AddSingleton(provider => new ErasedRemains(
            log.Database,
            projections.Builds,
            provider.GetRequiredService<TimeProvider>()
        ));
        services.AddSingleton<ProcessingSlots>();
    }

    private static void AddHttp(IServiceCollection services, VezaSettings settings, LastingKeys keys)
    {
        services.AddSingleton(RequestLimits.For(settings)).AddSingleton<OwnWrites>();
        services.AddSingleton(new RequestFingerprints(keys.Fingerprints));
        services.AddOrigins(settings);
        services.ConfigureHttpJsonOptions(o => VezaApplication.ConfigureJson(o.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddExceptionHandler<FaultHandler>();
        // ASP.NET Core would write the whole traceparent instead of the id that logs and traces use.
        services.AddProblemDetails(o =>
            o.CustomizeProblemDetails = c =>
                c.ProblemDetails.Extensions["traceId"] = System.Diagnostics.Activity.Current?.TraceId.ToHexString()
        );
        services.AddApiDescription();
    }

    private static void AddHealth(IServiceCollection services, VezaSettings settings)
    {
        services.AddSingleton<ClockSkew>();
        services.AddSingleton(provider => new Disks(
            provider.GetRequiredService<EventLog>().Disk,
            provider.GetService<DiskSpace>()
        ));
        // Not cached: it costs nothing and must change immediately.
        var health = services
            .AddHealthChecks()
            .AddCheck<StoppingHealth>("stopping", tags: [HealthEndpoints.Ready])
            .AddRemembered<LogHealth>("log")
            .AddRemembered<ClockHealth>("clock")
            .AddRemembered<DiskHealth>("disk");
        if (settings.Has(HostRole.Projections))
            health.AddRemembered<ProjectionsHealth>("projections");
        if (settings.Has(HostRole.Reactors))
            health.AddRemembered<ReactorsHealth>("reactors");
        if (settings.Has(HostRole.Media) || settings.Has(HostRole.Reactors))
            health.AddRemembered<MediaToolsHealth>("media_tools");
        if (settings.Bucket is not null)
            health.AddRemembered<MediaStorageHealth>("media_storage");
    }
}
