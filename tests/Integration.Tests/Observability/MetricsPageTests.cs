using System.Diagnostics;
using System.Diagnostics.Metrics;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

/// <summary>The answer to Prometheus, measured by instruments of the tests.</summary>
public sealed class MetricsPageTests : IAsyncLifetime
{
    // Each test names its own instruments, because all listeners of the process hear all meters.
    private readonly Meter _meter = new("Veza.Tests.Metrics");
    private MetricsPage _page = null!;

    public async ValueTask InitializeAsync() => _page = await MetricsPage.StartAsync();

    [Fact]
    public async Task A_counter_adds_up_per_label_and_ends_in_total()
    {
        var counter = _meter.CreateCounter<long>("test.counted", "{event}", "Events counted.");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "a"));
        counter.Add(7, new KeyValuePair<string, object?>("kind", "b"));

        var lines = await _page.LinesAsync("test_counted");

        Assert.Equal(
            [
                "# HELP test_counted_total Events counted.",
                "# TYPE test_counted_total counter",
                "test_counted_total{kind=\"a\"} 5",
                "test_counted_total{kind=\"b\"} 7",
            ],
            lines.Order()
        );
    }

    [Fact]
    public async Task The_order_of_labels_makes_no_second_series()
    {
        var counter = _meter.CreateCounter<int>("test.ordered");
        counter.Add(1, new("one", 1), new("two", true));
        counter.Add(1, new("two", true), new("one", 1));

        Assert.Contains("test_ordered_total{one=\"1\",two=\"true\"} 2", await _page.LinesAsync("test_ordered"));
    }

    [Fact]
    public async Task Label_values_and_help_are_escaped()
    {
        var counter = _meter.CreateCounter<int>("test.escaped", description: "one\ntwo \\ three");
        counter.Add(1, new KeyValuePair<string, object?>("what.is-it", "a \"quoted\"\\\nline"));

        var lines = await _page.LinesAsync("test_escaped");

        Assert.Contains("# HELP test_escaped_total one\\ntwo \\\\ three", lines);
        Assert.Contains("test_escaped_total{what_is_it=\"a \\\"quoted\\\"\\\\\\nline\"} 1", lines);
    }

    [Fact]
    public async Task A_histogram_has_cumulative_buckets_sum_and_count()
    {
        var histogram = _meter.CreateHistogram(
            "test.waited",
            "s",
            "Waiting.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] }
        );
        foreach (var seconds in new[] { 0.1, 0.5, 3 })
            histogram.Record(seconds);

        Assert.Equal(
            [
                "test_waited_seconds_bucket{le=\"0.1\"} 1",
                "test_waited_seconds_bucket{le=\"1\"} 2",
                "test_waited_seconds_bucket{le=\"+Inf\"} 3",
                "test_waited_seconds_sum{} 3.6",
                "test_waited_seconds_count{} 3",
            ],
            (await _page.LinesAsync("test_waited"))[2..]
        );
    }

    [Fact]
    public async Task A_gauge_shows_the_last_value_and_an_up_down_counter_the_sum()
    {
        var gauge = _meter.CreateGauge<int>("test.level", "By");
        gauge.Record(5);
        gauge.Record(3);
        var open = _meter.CreateUpDownCounter<int>("test.open");
        open.Add(5);
        open.Add(-2);

        Assert.Equal("test_level_bytes{} 3", (await _page.LinesAsync("test_level"))[^1]);
        Assert.Equal("test_open{} 3", (await _page.LinesAsync("test_open"))[^1]);
    }

    [Fact]
    public async Task An_observed_series_that_is_no_longer_reported_is_gone()
    {
        string[] alive = ["a", "b"];
        _meter.CreateObservableGauge("test.observed", () =>
            alive.Select(name => new Measurement<int>(1, new KeyValuePair<string, object?>("name", name)))
        );
        Assert.Equal(2, await SeriesAsync());

        alive = ["b"];

        await Eventually.TrueAsync(async () => await SeriesAsync() == 1);
        Assert.Contains("test_observed{name=\"b\"} 1", await _page.LinesAsync("test_observed"));

        async Task<int> SeriesAsync() => (await _page.LinesAsync("test_observed{")).Length;
    }

    [Fact]
    public async Task A_broken_gauge_does_not_hide_the_others_and_is_logged()
    {
        _meter.CreateObservableGauge("test.broken", int () => throw new InvalidOperationException("broken on purpose"));
        _meter.CreateCounter<int>("test.whole").Add(1);

        var text = await _page.TextAsync();

        Assert.Contains("test_whole_total{} 1", text);
        Assert.Contains("dotnet_process_memory_working_set_bytes", text);
        await Eventually.TrueAsync(() =>
            _page.Logged.Any(line => line.Contains("broken on purpose", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task A_label_without_bounds_is_cut_off_and_nothing_is_lost_from_the_sum()
    {
        const int values = 5_000;
        var counter = _meter.CreateCounter<int>("test.unbounded");
        for (var i = 0; i < values; i++)
            counter.Add(1, new KeyValuePair<string, object?>("id", i));

        var series = (await _page.LinesAsync("test_unbounded"))[1..];

        Assert.Equal(MetricViews.SeriesMax + 1, series.Length);
        Assert.Contains(series, line =>
            line.StartsWith("test_unbounded_total{otel_metric_overflow=\"true\"}", StringComparison.Ordinal)
        );
        Assert.Equal(values, series.Sum(line => int.Parse(line.Split(' ')[^1])));
    }

    [Fact]
    public async Task Counting_from_many_threads_loses_nothing()
    {
        var counter = _meter.CreateCounter<double>("test.crowded");

        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), (i, _) =>
        {
            counter.Add(1, new KeyValuePair<string, object?>("lane", i % 3));
            return ValueTask.CompletedTask;
        });

        Assert.Equal(
            10_000,
            (await _page.LinesAsync("test_crowded_total{")).Sum(line => int.Parse(line.Split(' ')[^1]))
        );
    }

    [Fact]
    public async Task However_many_ask_the_text_is_made_once_a_second()
    {
        var made = 0;
        _meter.CreateObservableGauge("test.looked", () => Interlocked.Increment(ref made));
        var since = Stopwatch.GetTimestamp();
        string[] forms =
        [
            "text/plain",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
            "text/plain;version=1.0.0;escaping=dots",
        ];
        for (var i = 0; i < 100; i++)
            (await _page.GetAsync(forms[i % forms.Length])).EnsureSuccessStatusCode();

        // The time that the scrapes took does not matter.
        Assert.InRange(
            Volatile.Read(ref made),
            1,
            1 + (int)(Stopwatch.GetElapsedTime(since) / MetricsEndpoint.CachedFor)
        );
        var before = Volatile.Read(ref made);
        await Eventually.TrueAsync(async () => await _page.TextAsync() is not null && Volatile.Read(ref made) > before);
    }

    /// <summary>Prometheus offers several formats; in another the counters would have other names.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("*/*")]
    [InlineData("application/openmetrics-text;version=1.0.0")]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8")]
    [InlineData("text/plain;version=1.0.0;escaping=allow-utf-8")]
    public async Task Every_Accept_header_gets_the_format_with_the_documented_names(string? accept)
    {
        _meter.CreateCounter<int>("test.formed").Add(1);
        using var answer = await _page.GetAsync(accept);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Contains("# TYPE test_formed_total counter", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_host_that_ends_takes_no_measurements_of_others_with_it()
    {
        await (await MetricsPage.StartAsync()).DisposeAsync();
        // The measurements up to then are exposed once more in any case.
        var before = await RequestsAsync();

        await Eventually.TrueAsync(async () => await RequestsAsync() > before);

        async Task<int> RequestsAsync() =>
            (await _page.LinesAsync("aspnetcore_routing_match_attempts_total{")).Sum(line =>
                int.Parse(line.Split(' ')[^1])
            );
    }

    [Fact]
    public async Task Service_and_version_are_exposed() =>
        Assert.Contains("target_info{service_name=\"veza\",service_version=\"1.2.3\"} 1", await _page.TextAsync());

    public async ValueTask DisposeAsync()
    {
        await _page.DisposeAsync();
        _meter.Dispose();
    }
}
