using System.Net.Sockets;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Veza.Api.Health;

/// <summary>Checks that the log's database answers.</summary>
internal sealed class LogHealth(NpgsqlDataSource database) : IHealthCheck
{
    /// <summary>Probes give up after a few seconds; the check answers "unhealthy" before they do.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(Patience);
        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(limited.Token);
            return HealthCheckResult.Healthy();
        }
        // Without the exception's text, which may name hosts and users: this page is public.
        catch (Exception e) when (e is NpgsqlException or SocketException)
        {
            return HealthCheckResult.Unhealthy("the database does not answer");
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"no answer within {Patience.TotalSeconds} s");
        }
    }
}
