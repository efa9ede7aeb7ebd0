using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.EventStore.Postgres;

namespace Veza.Integration.Tests.Health;

public sealed class HostTests : IAsyncLifetime
{
    private readonly string home = Directory.CreateTempSubdirectory("veza-test-").FullName;
    private readonly HttpClient http = new();
    private LocalPostgres postgres = null!;
    private RunningVeza running = null!;
    private int port;
    private int metricsPort;

    public async ValueTask InitializeAsync()
    {
        postgres = await LocalPostgres.StartEphemeralAsync();
        var settings = VezaServer.Settings(home, ("ROLES", "api"));
        (port, metricsPort) = (settings.Port, settings.PrometheusPort);
        running = await VezaHost.StartAsync(settings, postgres.ConnectionString, NullLoggerFactory.Instance, CancellationToken.None);
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

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await running.DisposeAsync();
        await postgres.DisposeAsync();
        Directory.Delete(home, recursive: true);
    }
}
