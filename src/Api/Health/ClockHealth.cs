using System.Net.Sockets;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Veza.Api.Health;

/// <summary>
/// Checks that this machine's clock agrees with the database's. Degraded at worst: the node still serves, and dates
/// come from the database.
/// </summary>
internal sealed class ClockHealth(ClockSkew skew) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken ct = default)
    {
        try
        {
            var measured = await skew.MeasureAsync(ct);
            return measured.Duration() > ClockSkew.Max
                ? HealthCheckResult.Degraded(ClockSkew.Say(measured))
                : HealthCheckResult.Healthy();
        }
        catch (Exception away) when (IsAway(away, ct))
        {
            return HealthCheckResult.Degraded("not known, as the database does not answer");
        }
    }

    internal static bool IsAway(Exception fault, CancellationToken ct) =>
        fault is NpgsqlException or SocketException or TimeoutException
        || fault is OperationCanceledException && !ct.IsCancellationRequested;
}
