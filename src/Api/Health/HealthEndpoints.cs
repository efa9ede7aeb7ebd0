using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Veza.Api.Health;

/// <summary>`/health/live`: the process works. `/health/ready`: it can do its job; each check is named with its state.</summary>
internal static class HealthEndpoints
{
    /// <summary>The tag of checks that readiness depends on.</summary>
    public const string Ready = "ready";

    /// <summary>The tag of checks that liveness shows too. They are degraded at worst, which is answered with 200.</summary>
    public const string Shown = "shown";

    public static void Map(WebApplication app)
    {
        foreach (var path in new[] { "/health/live", "/health" })
            app.MapHealthChecks(path, Options(check => check.Tags.Contains(Shown))).DisableHttpMetrics();
        foreach (var path in new[] { "/health/ready", "/ready" }) app.MapHealthChecks(path, Options(check => check.Tags.Contains(Ready))).DisableHttpMetrics();
    }

    private static HealthCheckOptions Options(Func<HealthCheckRegistration, bool> which) => new()
    {
        Predicate = which,
        ResponseWriter = (context, report) => context.Response.WriteAsJsonAsync(new
        {
            status = Name(report.Status),
            checks = report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new { status = Name(entry.Value.Status), detail = entry.Value.Description, durationMs = entry.Value.Duration.TotalMilliseconds }),
        }, context.RequestAborted),
    };

    private static string Name(HealthStatus status) => status.ToString().ToLowerInvariant();
}
