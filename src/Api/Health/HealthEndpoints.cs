using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.Api.Http;

namespace Veza.Api.Health;

/// <summary>
/// `/health/live`: the process works. `/health/ready`: it can serve; the answer names each check and its state.
/// </summary>
internal static class HealthEndpoints
{
    /// <summary>The tag of checks that readiness depends on.</summary>
    public const string Ready = "ready";

    /// <summary>
    /// The tag of checks that liveness also shows. They are degraded at worst, which is answered with 200.
    /// </summary>
    public const string Shown = "shown";

    public static void Map(WebApplication app)
    {
        MapLive("/health/live", Ports.Public | Ports.Metrics);
        MapLive("/health", Ports.Public | Ports.Metrics);
        MapReady("/health/ready", Ports.Public | Ports.Metrics);
        MapReady("/ready", Ports.Public);

        void MapLive(string path, Ports ports) => Map(path, ports, check => check.Tags.Contains(Shown));
        void MapReady(string path, Ports ports) => Map(path, ports, check => check.Tags.Contains(Ready));
        void Map(string path, Ports ports, Func<HealthCheckRegistration, bool> which) =>
            app.MapHealthChecks(path, Options(which))
                .WithMetadata(new WatchesProcess(), new ServedAt(ports))
                .DisableHttpMetrics();
    }

    /// <summary>
    /// Adds a readiness check that runs at most once a second, however many callers ask:
    /// <see cref="RememberedHealth"/>.
    /// </summary>
    public static IHealthChecksBuilder AddRemembered<TCheck>(this IHealthChecksBuilder health, string name)
        where TCheck : class, IHealthCheck
    {
        health.Services.AddKeyedSingleton(name, (services, _) =>
            new RememberedHealth(
                name,
                ActivatorUtilities.CreateInstance<TCheck>(services),
                services.GetRequiredService<TimeProvider>(),
                services.GetRequiredService<ILogger<RememberedHealth>>()
            )
        );
        return health.Add(new(name, Remembered, failureStatus: null, tags: [Ready]));

        IHealthCheck Remembered(IServiceProvider services) => services.GetRequiredKeyedService<RememberedHealth>(name);
    }

    private static HealthCheckOptions Options(Func<HealthCheckRegistration, bool> which) =>
        new()
        {
            Predicate = which,
            ResponseWriter = (context, report) =>
                context.Response.WriteAsJsonAsync(
                    new
                    {
                        status = Name(report.Status),
                        checks = report.Entries.ToDictionary(
                            entry => entry.Key,
                            entry => new
                            {
                                status = Name(entry.Value.Status),
                                detail = entry.Value.Description,
                                durationMs = entry.Value.Duration.TotalMilliseconds,
                            }
                        ),
                    },
                    context.RequestAborted
                ),
        };

    private static string Name(HealthStatus status) => status.ToString().ToLowerInvariant();
}
