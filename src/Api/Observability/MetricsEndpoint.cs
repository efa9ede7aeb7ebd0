using Microsoft.Extensions.Primitives;
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
    public static readonly TimeSpan CachedFor = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Bytes of the text. A histogram of the requests with <see cref="MetricViews.SeriesMax"/> series has 8 MB.
    /// </summary>
    public const int TextBytesMax = 64 << 20;

    private const string PlainText = "text/plain";
    private const string OpenMetrics = "application/openmetrics-text";

    public static void Map(WebApplication app, VezaSettings settings)
    {
        if (!settings.MetricsEnabled)
            return;

        Action<IApplicationBuilder> inItsForm = settings.TracesExported ? InEitherForm : InOneForm;
        var endpoint = app.MapPrometheusScrapingEndpoint("/metrics", meterProvider: null, inItsForm, optionsName: null)
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

    /// <summary>
    /// Serves OpenMetrics 1.0.0 to a scraper that prefers it: only this form has exemplars, which lead from a bucket to
    /// a trace. Versions and ways of escaping names that differ are not served, as each would be generated and cached
    /// separately.
    /// </summary>
    private static void InEitherForm(IApplicationBuilder scrape) =>
        scrape.Use(
            (context, next) =>
            {
                var preferred = context
                    .Request.GetTypedHeaders()
                    .Accept.Where(form => form.MediaType == PlainText || form.MediaType == OpenMetrics)
                    .MaxBy(form => form.Quality ?? 1);
                context.Request.Headers.Accept =
                    preferred?.MediaType == OpenMetrics ? $"{OpenMetrics}; version=1.0.0" : default(StringValues);
                return next(context);
            }
        );
}
