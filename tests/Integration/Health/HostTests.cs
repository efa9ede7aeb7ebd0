using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Veza.Api;
using Veza.Api.Configuration;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests.Health;

public sealed class HostTests : IAsyncLifetime
{
    private readonly int port = FreePort();
    private readonly int metricsPort = FreePort();
    private readonly HttpClient http = new();
    private LocalPostgres postgres = null!;
    private Microsoft.AspNetCore.Builder.WebApplication app = null!;

    public async ValueTask InitializeAsync()
    {
        postgres = await LocalPostgres.StartEphemeralAsync();
        var settings = VezaSettings.Parse(new Dictionary<string, string>
        {
            ["PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["PROMETHEUS_PORT"] = metricsPort.ToString(CultureInfo.InvariantCulture),
            ["ROLES"] = "api",
        });
        app = VezaHost.Build(settings, postgres.ConnectionString);
        await app.StartAsync();
    }

    [Fact]
    public async Task Readiness_follows_the_database_and_liveness_does_not()
    {
        Assert.Equal(HttpStatusCode.OK, await Status(port, "/health/ready"));

        await postgres.KillAsync();

        var answer = await http.GetAsync($"http://127.0.0.1:{port}/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var report = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("unhealthy", report.GetProperty("checks").GetProperty("log").GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, await Status(port, "/health/live"));

        await postgres.RestartAsync();

        Assert.Equal(HttpStatusCode.OK, await Status(port, "/health/ready"));
    }

    [Fact]
    public async Task Metrics_are_told_on_their_own_port_only()
    {
        await Status(port, "/nothing-here");

        var text = await http.GetStringAsync($"http://127.0.0.1:{metricsPort}/metrics");

        Assert.Contains("http_server_request_duration_seconds_bucket{", text);
        Assert.Contains("dotnet_gc_collections_total{", text);
        Assert.Equal(HttpStatusCode.NotFound, await Status(port, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, await Status(metricsPort, "/ready"));
        Assert.Equal(HttpStatusCode.OK, await Status(metricsPort, "/health/live"));
    }

    private async Task<HttpStatusCode> Status(int at, string path) => (await http.GetAsync($"http://127.0.0.1:{at}{path}")).StatusCode;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
        await postgres.DisposeAsync();
    }
}
