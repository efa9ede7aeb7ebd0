using Veza.Api.Configuration;

namespace Veza.Api.Http;

[Flags]
internal enum Ports
{
    /// <summary>PORT.</summary>
    Public = 1,

    /// <summary>PROMETHEUS_PORT.</summary>
    Metrics = 2,
}

/// <summary>At which ports an endpoint is served. One that says nothing is served at the public one alone.</summary>
internal sealed record ServedAt(Ports Ports);

internal static class PortRules
{
    /// <summary>
    /// Answers 404 to what is not served at the port of the connection: by the endpoint that routing found, however its
    /// address is written, and by the connection, as the Host header says whatever the caller likes.
    /// </summary>
    public static void UsePorts(this WebApplication app, VezaSettings settings)
    {
        if (!settings.MetricsEnabled || settings.PrometheusPort == settings.Port)
            return;
        app.Use(
            (context, next) =>
            {
                var port = context.Connection.LocalPort == settings.PrometheusPort ? Ports.Metrics : Ports.Public;
                var served = context.GetEndpoint()?.Metadata.GetMetadata<ServedAt>()?.Ports ?? Ports.Public;
                if (served.HasFlag(port))
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }
        );
    }
}
