using Microsoft.Extensions.Diagnostics.HealthChecks;
using Veza.EventStore.Projections;

namespace Veza.Api.Health;

/// <summary>Every projection is well and close behind the log.</summary>
internal sealed class ProjectionsHealth(ProjectionHost projections) : IHealthCheck
{
    /// <summary>More than a few seconds' work: a node this far behind shows people an old world.</summary>
    public const long LagMax = 50_000;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        var unwell = projections.Status.Where(p => p.State == ProjectionState.Faulted || (p.State != ProjectionState.NotServing && p.Lag > LagMax))
            .Select(p => p.State == ProjectionState.Faulted ? $"{p.Name} is stuck at {p.Position}" : $"{p.Name} is {p.Lag} events behind; {LagMax} are allowed").ToArray();
        return Task.FromResult(unwell.Length == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(string.Join("; ", unwell)));
    }
}
