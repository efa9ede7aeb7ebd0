using System.Net;
using Alba;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Veza.Api;
using Veza.Api.Auth;
using Veza.Api.Connections;

namespace Veza.Integration.Tests;

/// <summary>
/// The product's endpoints without a socket, over the log and projections of the tests' one server. For tests of an
/// endpoint's answers rather than of HTTP. All classes share one host.
/// </summary>
public sealed class VezaEndpoints(VezaServer server) : IVezaApi, IAsyncLifetime
{
    private IAlbaHost _host = null!;

    public string Address => "";
    public HttpClient Http { get; private set; } = null!;
    public RunningVeza Running => server.Running;
    public string Home => server.Home;
    public string ConnectionString => server.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _host = await server.WithoutSocketAsync();
        Http = _host.GetTestClient();
    }

    /// <returns>The same account as the server's, for a test that needs to see only its own writes.</returns>
    public async Task<Person> SharedAsync(string name)
    {
        var shared = await server.SharedAsync(name);
        var person = new Person(this, shared.Id, shared.UserName, shared.AccessToken);
        person.SeeWhat(shared);
        return person;
    }

    /// <summary>One request of a person, described and checked with Alba.</summary>
    public async Task<IScenarioResult> Scenario(Person by, Action<Scenario> request)
    {
        var result = await _host.Scenario(scenario =>
        {
            if (by.AccessToken is { } token)
                scenario.WithBearerToken(token);
            request(scenario);
            scenario.SeesUpTo(by.Position);
        });
        var isRead = HttpMethods.IsGet(result.Context.Request.Method);
        if (!isRead && result.Context.Response.Headers.Position() is { } position)
            by.SeeUpTo(position);
        return result;
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <param name="more">Environment variables that differ from the tests' defaults.</param>
    internal static Task<IAlbaHost> StartAsync(VezaServer server, params (string Name, string Value)[] more)
    {
        var settings = VezaServer.Settings(server.Home, [("ROLES", "api"), .. more]);
        var limits = ConnectionLimits.For(settings, OpenFiles.Max);
        var (log, projections) = (server.Running.Log, server.Running.Projections);
        var keys = server.Running.App.Services.GetRequiredService<LastingKeys>();
        var builder = VezaHost.CreateBuilder(settings, limits, log, projections, keys, watch: null);
        builder.Services.AddSingleton<IStartupFilter>(new FromLoopback(settings.Port));
        return AlbaHost.For(builder, app => VezaHost.Map(app, settings));
    }

    /// <summary>Sets the remote address and the local port, which a socket would provide.</summary>
    private sealed class FromLoopback(int port) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
            app =>
            {
                app.Use(
                    (http, following) =>
                    {
                        http.Connection.RemoteIpAddress = IPAddress.Loopback;
                        http.Connection.LocalPort = port;
                        return following(http);
                    }
                );
                next(app);
            };
    }
}
