using Veza.Api.Configuration;

namespace Veza.Api.Observability;

/// <summary>`/metrics`, on PROMETHEUS_PORT only: what it tells is for operators and not for the public port.</summary>
internal static class MetricsEndpoint
{
    private const string Path = "/metrics";

    public static void Map(WebApplication app, VezaSettings settings)
    {
        if (!settings.MetricsEnabled) return;

        if (settings.PrometheusPort != settings.Port)
            // By the port of the connection, as the Host header says whatever the caller likes.
            app.Use((context, next) =>
            {
                var forMetrics = context.Request.Path == Path;
                var forProbes = context.Request.Path.StartsWithSegments("/health");
                var allowed = context.Connection.LocalPort == settings.PrometheusPort ? forMetrics || forProbes : !forMetrics;
                if (allowed) return next(context);
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            });

        app.MapGet(Path, (PrometheusMetrics metrics) => Results.Text(metrics.Write(), PrometheusMetrics.ContentType))
            .DisableHttpMetrics()
            .ExcludeFromDescription();
    }
}
