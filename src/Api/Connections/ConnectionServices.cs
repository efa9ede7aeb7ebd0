using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Veza.Api.Http;
using Veza.Commands.Dispatching;

namespace Veza.Api.Connections;

internal static class ConnectionServices
{
    /// <summary>Time that running requests have to end when the process stops.</summary>
    /// <remarks>Longer than any command takes; a slow upload would otherwise delay the whole shutdown.</remarks>
    public static readonly TimeSpan StoppingGrace = TimeSpan.FromSeconds(5);

    private static readonly Refusal TooManyFiles = new(
        "too_many_files",
        RefusalKind.Unavailable,
        "as many files are open as may be; try again shortly"
    )
    {
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    public static void AddConnectionGates(this IServiceCollection services, ConnectionLimits limits)
    {
        services.AddSingleton(limits);
        services.AddSingleton<ConnectionGates>();
        services.AddSingleton<SocketTransportFactory>();
        services.RemoveAll<Microsoft.AspNetCore.Connections.IConnectionListenerFactory>();
        services.AddSingleton<Microsoft.AspNetCore.Connections.IConnectionListenerFactory, GuardedListenerFactory>();
    }

    public static void UseConnectionGates(this WebApplication app)
    {
        var gates = app.Services.GetRequiredService<ConnectionGates>();
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            gates.Http.Stop(StoppingGrace);
            gates.Metrics.Stop(StoppingGrace);
        });
        app.Use(GuardedConnection.WhileAnswering);
    }

    /// <summary>
    /// For endpoints that read or write a file while they answer; the file needs a place as a connection does.
    /// </summary>
    public static TBuilder OpensFile<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddEndpointFilter(
            async (context, next) =>
            {
                var http = context.HttpContext;
                if (http.RequestServices.GetRequiredService<ConnectionGates>().Http.TryOpenFile() is not { } place)
                    return Problems.Result(TooManyFiles);
                // The result is sent after this filter has ended.
                http.Response.RegisterForDispose(place);
                return await next(context);
            }
        );
}
