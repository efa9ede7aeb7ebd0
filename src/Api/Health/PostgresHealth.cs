using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.EventStore.Postgres;

namespace Veza.Api.Health;

/// <summary>The private PostgreSQL runs, or is being started again.</summary>
/// <remarks>
/// Degraded at worst: liveness shows it too, and whoever kills this process for it would end the restart.
/// That nothing works meanwhile <see cref="LogHealth"/> says.
/// </remarks>
internal sealed class PostgresHealth(ServerWatch watch) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        var status = watch.Status;
        var since = status.Since.ToString("u", CultureInfo.InvariantCulture);
        return Task.FromResult(
            status.State switch
            {
                ServerState.Running when status.Restarts == 0 => HealthCheckResult.Healthy(),
                ServerState.Running => HealthCheckResult.Healthy(
                    $"restarted {status.Restarts} times, last at {since}, because {status.LastReason}"
                ),
                ServerState.Restarting => HealthCheckResult.Degraded(
                    $"restarting since {since}, {status.Attempts} attempts failed: {status.LastReason}"
                ),
                _ => HealthCheckResult.Degraded($"does not run since {since}: {status.LastReason}"),
            }
        );
    }
}

internal static class PostgresHealthServices
{
    public static void AddPostgresHealth(this IServiceCollection services, ServerWatch watch) =>
        services
            .AddSingleton(watch)
            .AddHealthChecks()
            .AddCheck<PostgresHealth>("postgres", tags: [HealthEndpoints.Ready, HealthEndpoints.Shown]);
}
