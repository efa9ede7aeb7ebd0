using Veza.Api.Configuration;
using Veza.Api.Http;
using Veza.Api.Replay;

namespace Veza.Api.Observability;

/// <summary>`/metrics`, on PROMETHEUS_PORT only: it is for operators and not for the public port.</summary>
/// <remarks>When the two ports are the same, it needs an operator's token.</remarks>
internal static class MetricsEndpoint
{
    /// <summary>
    /// One text serves all requests within this time, which is shorter than any Prometheus' scrape interval.
    /// </summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Bytes of the text. A histogram of the requests with <see cref="MetricViews.SeriesMax"/> series has 8 MB.
    /// </summary>
    public const int TextBytesMax = 64 << 20;

    public static void Map(WebApplication app, VezaSettings settings)
    {
        if (!settings.MetricsEnabled)
            return;

        var endpoint = app.MapPrometheusScrapingEndpoint("/metrics", meterProvider: null, InOneForm, optionsName: null)
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get]), new WatchesProcess(), new ServedAt(Ports.Metrics))
            .DisableHttpMetrics()
            .ExcludeFromDescription();
        if (settings.PrometheusPort == settings.Port)
            endpoint.RequireAuthorization(policy => policy.RequireRole(ProjectionEndpoints.OperatorRole));
    }

    /// <summary>
    /// Serves only Prometheus's text, version 0.0.4, as without an Accept header. Other forms would use other names,
    /// and each would be generated and cached separately.
    /// </summary>
    private static void InOneForm(IApplicationBuilder scrape) =>
        scrape.Use(
            (context, next) =>
            {
                context.Request.Headers.Accept = default;
                return next(context);
            }
        );
}
