using Veza.Api.Configuration;
using Veza.Api.Http;
using Veza.Api.Replay;

namespace Veza.Api.Observability;

/// <summary>`/metrics`, on PROMETHEUS_PORT only: what it tells is for operators and not for the public port.</summary>
/// <remarks>Where the two ports are one it needs an operator's token.</remarks>
internal static class MetricsEndpoint
{
    public static void Map(WebApplication app, VezaSettings settings)
    {
        if (!settings.MetricsEnabled) return;

        var endpoint = app
            .MapGet("/metrics", (PrometheusMetrics metrics) =>
                Results.Text(metrics.Text(), PrometheusMetrics.ContentType))
            .WithMetadata(new WatchesProcess(), new ServedAt(Ports.Metrics))
            .DisableHttpMetrics()
            .ExcludeFromDescription();
        if (settings.PrometheusPort == settings.Port)
            endpoint.RequireAuthorization(policy => policy.RequireRole(ProjectionEndpoints.OperatorRole));
    }
}
