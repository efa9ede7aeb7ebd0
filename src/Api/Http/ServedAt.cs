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

/// <summary>The ports that serve an endpoint. Without it, only the public one does.</summary>
internal sealed record ServedAt(Ports Ports);

internal static class PortRules
{
    /// <summary>
    /// Answers 404 to an endpoint that is not served at the connection's port. The endpoint comes from routing, and the
    /// port from the connection, because a caller can write anything into the address and the Host header.
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
