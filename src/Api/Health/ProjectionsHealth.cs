using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Coordination;

namespace Veza.Api.Health;

/// <summary>Every projection is well and close behind the log, whichever node runs it.</summary>
/// <remarks>
/// Degraded at worst, which probes take for ready: all nodes see the same read models, so taking this one out of
/// service would help nobody, and nothing else stops because one of them does.
/// </remarks>
internal sealed class ProjectionsHealth(EventLog log) : IHealthCheck
{
    /// <summary>More than a few seconds' work: one this far behind shows people an old world.</summary>
    public const long LagMax = 50_000;

    /// <summary>Probes give up after a few seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(Patience);
        try
        {
            List<string> unwell = [];
            foreach (var runner in await log.Runners.StatusAsync(limited.Token))
                if (Complaint(runner) is { } complaint)
                    unwell.Add(complaint);
            return unwell.Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded(string.Join("; ", unwell));
        }
        // Without the exception's text, which may name hosts and users: anybody may read this.
        catch (Exception away)
            when (away is NpgsqlException or TimeoutException
                || (away is OperationCanceledException && !ct.IsCancellationRequested)
            )
        {
            return HealthCheckResult.Degraded("not known, as the database does not answer");
        }
    }

    private string? Complaint(RunnerStatus runner)
    {
        if (runner.Kind != EventStore.Projections.ProjectionHost.Kind)
            return null;
        if (runner.StandsAt is { } before)
            return $"{runner.Name} stands before event {before}, which it cannot apply";
        if (runner.State == RunnerState.Faulted)
            return $"{runner.Name} is stuck at {runner.Position}";
        if (runner.State != RunnerState.Running)
            return null;
        var lag = log.Head - runner.Position;
        return lag > LagMax ? $"{runner.Name} is {lag} events behind; {LagMax} are allowed" : null;
    }
}
