using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>
/// Unhealthy as soon as the process begins to stop, so that a load balancer sends new requests elsewhere while it still
/// answers.
/// </summary>
internal sealed class StoppingHealth(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default) =>
        Task.FromResult(
            lifetime.ApplicationStopping.IsCancellationRequested
                ? HealthCheckResult.Unhealthy("the process is stopping")
                : HealthCheckResult.Healthy()
        );
}
