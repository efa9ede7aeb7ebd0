using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>
/// A process that stops says so while it still answers, so that a balancer sends those whom it bids farewell elsewhere.
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
