using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Veza.Integration.Tests.Observability;

/// <summary>The data that goes to a collector, controlled by the standard variables.</summary>
public sealed class OtlpTests : IAsyncLifetime
{
    private static readonly (string, string)[] Standard =
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=of-the-tests"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=the-tests"),
    ];

    private readonly ConcurrentQueue<(string Path, string? Tenant, string Body)> _received = [];
    private readonly string _address = $"http://127.0.0.1:{Loopback.FreePort()}";
    private WebApplication _collector = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _collector = builder.Build();
        _collector.Urls.Add(_address);
        _collector.Run(async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            _received.Enqueue(
                (http.Request.Path, http.Request.Headers["x-tenant"], Encoding.Latin1.GetString(body.ToArray()))
            );
        });
        await _collector.StartAsync();
    }

    [Fact]
    public async Task With_an_endpoint_traces_and_metrics_go_there_as_the_standard_variables_say()
    {
        await using var page = await MetricsPage.StartAsync([("OTEL_EXPORTER_OTLP_ENDPOINT", _address), .. Standard]);
        using var meter = new Meter("Veza.Tests.Otlp");
        using var source = new ActivitySource("Veza.Tests.Otlp");
        meter.CreateCounter<int>("test.sent").Add(1);
        source.StartActivity("work that is sent")!.Dispose();

        await Eventually.TrueAsync(() =>
            Received("/v1/metrics", "test.sent") && Received("/v1/traces", "work that is sent")
        );
        Assert.All(_received, sent => Assert.Equal("of-the-tests", sent.Tenant));
        Assert.All(_received, sent => Assert.Contains("the-tests", sent.Body));
        Assert.Contains("test_sent_total{} 1", await page.TextAsync());
    }

    /// <summary>Prometheus 2 and 3 ask in the first two ways. Each further form would be cached apart.</summary>
    [Theory]
    [InlineData("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.3", true)]
    [InlineData("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5", false)]
    [InlineData("text/plain;version=1.0.0;escaping=allow-utf-8", false)]
    [InlineData("text/html", false)]
    [InlineData("*/*", false)]
    public async Task Where_traces_are_exported_a_scraper_may_have_OpenMetrics(string accept, bool openMetrics)
    {
        await using var page = await MetricsPage.StartAsync([("OTEL_EXPORTER_OTLP_ENDPOINT", _address), .. Standard]);
        using var meter = new Meter("Veza.Tests.Otlp");
        using var source = new ActivitySource("Veza.Tests.Otlp");
        var counter = meter.CreateCounter<int>("test.formed");
        using (source.StartActivity("work that is counted"))
            counter.Add(1);

        using var answer = await page.GetAsync(accept);
        var text = await answer.Content.ReadAsStringAsync();

        var form = openMetrics
            ? "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
            : "text/plain; version=0.0.4; charset=utf-8";
        Assert.Equal(form, answer.Content.Headers.ContentType?.ToString());
        Assert.Contains("test_formed_total{} 1", text);
        Assert.Equal(openMetrics, text.Contains("# {trace_id=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_tracing_metrics_alone_are_sent()
    {
        using var meter = new Meter("Veza.Tests.Otlp");
        using var source = new ActivitySource("Veza.Tests.Otlp");
        var page = await MetricsPage.StartAsync([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", _address),
            ("TRACING_ENABLED", "false"),
            .. Standard,
        ]);
        meter.CreateCounter<int>("test.alone").Add(1);
        source.StartActivity("work that is not sent")?.Dispose();
        await Eventually.TrueAsync(() => Received("/v1/metrics", "test.alone"));
        // The shutdown sends the rest.
        await page.DisposeAsync();

        Assert.DoesNotContain(_received, sent => sent.Path == "/v1/traces");
    }

    [Fact]
    public async Task Without_an_endpoint_the_standard_variables_change_nothing()
    {
        await using var page = await MetricsPage.StartAsync([("OTEL_SDK_DISABLED", "true"), .. Standard]);

        Assert.Contains("target_info{service_name=\"veza\",service_version=\"1.2.3\"} 1", await page.TextAsync());
        Assert.Empty(_received);
    }

    private bool Received(string path, string text) =>
        _received.Any(sent => sent.Path == path && sent.Body.Contains(text, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _collector.DisposeAsync();
}
