using Npgsql;
using Veza.Api.Configuration;
using Veza.Api.Health;
using Veza.Api.Observability;

namespace Veza.Api;

/// <summary>Everything the host is composed of.</summary>
internal static class VezaServices
{
    public static void Add(IServiceCollection services, VezaSettings settings, string connectionString)
    {
        services.AddSingleton(settings);
        services.AddSingleton<IHostLifetime, NoSignals>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = VezaHost.ShutdownTimeout);

        services.AddSingleton(provider => Database(settings, connectionString, provider.GetRequiredService<ILoggerFactory>()));
        Telemetry.AddMetricsAndTraces(services, settings);

        var health = services.AddHealthChecks().AddCheck<LogHealth>("log", tags: [HealthEndpoints.Ready]);
        if (settings.Has(Role.Media)) health.AddCheck<MediaToolsHealth>("media_tools", tags: [HealthEndpoints.Ready]);
    }

    private static NpgsqlDataSource Database(VezaSettings settings, string connectionString, ILoggerFactory loggers)
    {
        // Whole seconds are all Npgsql takes; rounded up, as 0 would mean "for ever".
        var timeoutSeconds = (int)Math.Ceiling(settings.DatabaseTimeout.TotalSeconds);
        var connection = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = settings.ServiceName,
            MaxPoolSize = settings.DatabasePoolSize,
            Timeout = timeoutSeconds,
            CommandTimeout = timeoutSeconds,
        };
        return new NpgsqlDataSourceBuilder(connection.ConnectionString).UseLoggerFactory(loggers).Build();
    }
}
