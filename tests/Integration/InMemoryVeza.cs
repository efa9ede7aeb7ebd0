using System.Net;
using Alba;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api;
using Veza.Api.Connections;

namespace Veza.Integration.Tests;

/// <summary>
/// The product's endpoints without a socket, over the log and the projections of the tests' one server: for tests of
/// what an endpoint answers, and not of how it travels.
/// </summary>
internal static class InMemoryVeza
{
    public static Task<IAlbaHost> StartAsync(VezaServer server)
    {
        var settings = VezaServer.Settings(server.Home, ("ROLES", "api"));
        var limits = ConnectionLimits.For(settings, OpenFiles.Max);
        var (log, projections) = (server.Running.Log, server.Running.Projections);
        var builder = VezaHost.CreateBuilder(settings, limits, log, projections, watch: null);
        builder.Services.AddSingleton<IStartupFilter>(new FromLoopback(settings.Port));
        return AlbaHost.For(builder, app => VezaHost.Map(app, settings));
    }

    /// <summary>Without a socket nobody says where a request came from and on which port it came in.</summary>
    private sealed class FromLoopback(int port) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((http, following) =>
            {
                http.Connection.RemoteIpAddress = IPAddress.Loopback;
                http.Connection.LocalPort = port;
                return following(http);
            });
            next(app);
        };
    }
}
