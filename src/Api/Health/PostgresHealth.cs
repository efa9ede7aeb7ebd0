using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.EventStore.Postgres;

namespace Veza.Api.Health;

/// <summary>Checks that the private PostgreSQL runs.</summary>
/// <remarks>
/// Degraded at worst: liveness shows it too, and killing the process for it would end the restart.
/// <see cref="LogHealth"/> reports that the database does not answer meanwhile.
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
