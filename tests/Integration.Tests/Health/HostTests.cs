using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
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
        running = await VezaHost.StartAsync(
            settings,
            postgres.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
    }

    [Fact]
    public async Task Readiness_follows_the_database_and_liveness_does_not()
    {
        Assert.Equal(HttpStatusCode.OK, await Status(port, "/health/ready"));

        await postgres.KillAsync();
        // Answers are cached for a second.
        await Eventually.TrueAsync(async () =>
            await Status(port, "/health/ready") == HttpStatusCode.ServiceUnavailable
        );

        var answer = await http.GetAsync($"http://127.0.0.1:{port}/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var report = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal("unhealthy", report.GetProperty("checks").GetProperty("log").GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, await Status(port, "/health/live"));

        await postgres.RestartAsync();

        await Eventually.TrueAsync(async () => await Status(port, "/health/ready") == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Metrics_are_served_on_their_own_port_only()
    {
        await Status(port, "/nothing-here");

        var text = await http.GetStringAsync($"http://127.0.0.1:{metricsPort}/metrics");

        Assert.Contains("http_server_request_duration_seconds_bucket{", text);
        Assert.Contains("dotnet_gc_collections_total{", text);
        Assert.Equal(HttpStatusCode.NotFound, await Status(port, "/metrics"));
        Assert.Equal(HttpStatusCode.NotFound, await Status(metricsPort, "/ready"));
        Assert.Equal(HttpStatusCode.OK, await Status(metricsPort, "/health/live"));
    }

    [Fact]
    public async Task However_the_address_of_the_metrics_is_written_the_public_port_has_nothing_there()
    {
        foreach (
            var path in (string[])
                ["/metrics/", "/METRICS", "/METRICS/", "/%6detrics", "/%6detrics/", "/Metrics?x", "//metrics"]
        )
        {
            var request = $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{metricsPort}\r\nConnection: close\r\n\r\n";
            var answer = await Security.RawHttp.AskAsync($"http://127.0.0.1:{port}", request);
            Assert.True(Security.RawHttp.StatusOf(answer) == 404, $"{path}: {answer}");
        }
    }

    [Fact]
    public async Task The_port_of_the_metrics_serves_nothing_else()
    {
        string[] paths =
        [
            "/api/v1/accounts/me",
            "/API/v1/feed/",
            "/hubs/live",
            "/docs/index.html",
            "/openapi/v1.json",
            "/.well-known/jwks.json",
            "/READY",
        ];
        foreach (var path in paths)
        {
            Assert.NotEqual(HttpStatusCode.NotFound, await Status(port, path));
            Assert.Equal(HttpStatusCode.NotFound, await Status(metricsPort, path));
        }
        Assert.Equal(HttpStatusCode.NotFound, await Status(metricsPort, "/nothing-here"));
    }

    [Fact]
    public async Task Every_check_of_readiness_is_named_with_its_state()
    {
        var report = await http.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{metricsPort}/health/ready");
        var checks = report
            .GetProperty("checks")
            .EnumerateObject()
            .ToDictionary(c => c.Name, c => c.Value.GetProperty("status").GetString());
        Assert.Equal(["clock", "disk", "log", "stopping"], checks.Keys.Order());
        Assert.All(checks.Values, state => Assert.Contains(state, (string[])["healthy", "degraded"]));
    }

    [Fact]
    public async Task Where_the_two_ports_are_one_the_metrics_are_for_operators()
    {
        var both = Loopback.FreePort().ToString(System.Globalization.CultureInfo.InvariantCulture);
        await using var node = await VezaHost.StartAsync(
            VezaServer.Settings(home, ("ROLES", "api"), ("PORT", both), ("PROMETHEUS_PORT", both)),
            postgres.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        var keys = node.App.Services.GetRequiredService<Api.Auth.AccessTokens>();

        Assert.Equal(HttpStatusCode.Unauthorized, await MetricsFor(null));
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await MetricsFor(keys.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), []))
        );
        Assert.Equal(
            HttpStatusCode.OK,
            await MetricsFor(keys.Issue(Guid.CreateVersion7(), Guid.CreateVersion7(), ["operator"]))
        );

        async Task<HttpStatusCode> MetricsFor(string? token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{node.Address}/metrics/");
            if (token is not null)
                request.Headers.Authorization = new("Bearer", token);
            using var answer = await http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    private async Task<HttpStatusCode> Status(int at, string path) =>
        (await http.GetAsync($"http://127.0.0.1:{at}{path}")).StatusCode;

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await running.DisposeAsync();
        await postgres.DisposeAsync();
        Directory.Delete(home, recursive: true);
    }
}
