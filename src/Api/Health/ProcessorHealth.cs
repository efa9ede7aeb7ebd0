using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Veza.Api.Health;

/// <summary>Checks the processors of the log that all nodes share: healthy without complaints about them.</summary>
/// <remarks>
/// Degraded at worst, which probes take for ready. All nodes see the same processors, so taking this one out of service
/// would help no caller, and nothing else stops because one of them does.
/// </remarks>
internal abstract class ProcessorHealth : IHealthCheck
{
    /// <summary>Probes give up after a few seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(Patience);
        try
        {
            var complaints = await ComplaintsAsync(limited.Token);
            return complaints.Count == 0
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded(string.Join("; ", complaints));
        }
        // Without the exception's text, which may name hosts and users: this page is public.
        catch (Exception away)
            when (away is NpgsqlException or TimeoutException
                || (away is OperationCanceledException && !ct.IsCancellationRequested)
            )
        {
            return HealthCheckResult.Degraded("not known, as the database does not answer");
        }
    }

    /// <returns>One line for each processor that is faulted or late.</returns>
    protected abstract Task<IReadOnlyList<string>> ComplaintsAsync(CancellationToken ct);
}
