using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api.Observability;

namespace Veza.Integration.Tests.Observability;

public sealed class PrometheusMetricsTests : IDisposable
{
    // Each test has instruments of its own name: all listeners of the process hear all meters.
    private readonly Meter meter = new("Veza.Tests.Metrics");
    private readonly ManualTime time = new();
    private readonly PrometheusMetrics metrics;

    public PrometheusMetricsTests() => metrics = new("veza", "1.2.3", NullLogger<PrometheusMetrics>.Instance, time);

    [Fact]
    public void A_counter_adds_up_per_label_and_ends_in_total()
    {
        var counter = meter.CreateCounter<long>("test.counted", "{event}", "Events counted.");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "a"));
        counter.Add(7, new KeyValuePair<string, object?>("kind", "b"));

        var lines = Lines("test_counted");

        Assert.Equal(["# HELP test_counted_total Events counted.", "# TYPE test_counted_total counter", "test_counted_total{kind=\"a\"} 5", "test_counted_total{kind=\"b\"} 7"], lines);
    }

    [Fact]
    public void The_order_of_labels_makes_no_second_series()
    {
        var counter = meter.CreateCounter<int>("test.ordered");
        counter.Add(1, new("one", 1), new("two", true));
        counter.Add(1, new("two", true), new("one", 1));

        Assert.Contains("test_ordered_total{one=\"1\",two=\"true\"} 2", Lines("test_ordered"));
    }

    [Fact]
    public void Label_values_and_help_are_escaped()
    {
        var counter = meter.CreateCounter<int>("test.escaped", description: "one\ntwo \\ three");
        counter.Add(1, new KeyValuePair<string, object?>("what.is-it", "a \"quoted\"\\\nline"));

        var lines = Lines("test_escaped");

        Assert.Equal("# HELP test_escaped_total one\\ntwo \\\\ three", lines[0]);
        Assert.Equal("test_escaped_total{what_is_it=\"a \\\"quoted\\\"\\\\\\nline\"} 1", lines[2]);
    }

    [Fact]
    public void A_histogram_has_cumulative_buckets_sum_and_count()
    {
        var histogram = meter.CreateHistogram("test.waited", "s", "Waiting.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var seconds in new[] { 0.1, 0.5, 3 }) histogram.Record(seconds);

        Assert.Equal(
            ["test_waited_seconds_bucket{le=\"0.1\"} 1", "test_waited_seconds_bucket{le=\"1\"} 2", "test_waited_seconds_bucket{le=\"+Inf\"} 3",
             "test_waited_seconds_sum 3.6", "test_waited_seconds_count 3"],
            Lines("test_waited")[2..]);
    }

    [Fact]
    public void A_gauge_shows_the_last_value_and_an_up_down_counter_the_sum()
    {
        var gauge = meter.CreateGauge<int>("test.level", "By");
        gauge.Record(5);
        gauge.Record(3);
        var open = meter.CreateUpDownCounter<int>("test.open");
        open.Add(5);
        open.Add(-2);

        Assert.Equal("test_level_bytes 3", Lines("test_level")[2]);
        Assert.Equal("test_open 3", Lines("test_open")[2]);
    }

    [Fact]
    public void An_observed_series_that_is_no_longer_reported_is_gone()
    {
        string[] alive = ["a", "b"];
        meter.CreateObservableGauge("test.observed", () => alive.Select(name => new Measurement<int>(1, new KeyValuePair<string, object?>("name", name))));
        Assert.Equal(4, Lines("test_observed").Length);

        alive = ["b"];

        Assert.Equal("test_observed{name=\"b\"} 1", Assert.Single(Lines("test_observed")[2..]));
    }

    [Fact]
    public void A_broken_gauge_does_not_hide_the_others()
    {
        meter.CreateObservableGauge("test.broken", int () => throw new InvalidOperationException("broken"));
        meter.CreateCounter<int>("test.whole").Add(1);

        Assert.Equal(3, Lines("test_whole").Length);
        Assert.Contains("dotnet_process_memory_working_set_bytes", metrics.Write());
    }

    [Fact]
    public void A_label_without_bounds_is_cut_off_and_nothing_is_lost_from_the_sum()
    {
        const int values = 5_000;
        var counter = meter.CreateCounter<int>("test.unbounded");
        for (var i = 0; i < values; i++) counter.Add(1, new KeyValuePair<string, object?>("id", i));

        var series = Lines("test_unbounded")[2..];

        Assert.True(series.Length <= MetricFamily.SeriesMax + 1);
        Assert.Equal(values, series.Sum(line => int.Parse(line.Split(' ')[^1])));
    }

    [Fact]
    public async Task Counting_from_many_threads_loses_nothing()
    {
        var counter = meter.CreateCounter<double>("test.crowded");

        await Parallel.ForEachAsync(Enumerable.Range(0, 10_000), (i, _) =>
        {
            counter.Add(1, new KeyValuePair<string, object?>("lane", i % 3));
            return ValueTask.CompletedTask;
        });

        Assert.Equal(10_000, Lines("test_crowded")[2..].Sum(line => int.Parse(line.Split(' ')[^1])));
    }

    [Fact]
    public void However_many_ask_the_text_is_made_once_a_second()
    {
        var made = 0;
        meter.CreateObservableGauge("test.looked", () => Interlocked.Increment(ref made));
        var first = metrics.Text();
        for (var i = 0; i < 100; i++) Assert.Same(first, metrics.Text());
        time.Advance(PrometheusMetrics.KeptFor);
        Assert.NotEqual(first, metrics.Text());
        Assert.Equal(2, made);
    }

    [Fact]
    public void Service_and_version_are_told() =>
        Assert.Contains("target_info{service_name=\"veza\",service_version=\"1.2.3\"} 1", metrics.Write());

    private string[] Lines(string name) =>
        [.. metrics.Write().Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal) || line.StartsWith($"# HELP {name}", StringComparison.Ordinal) || line.StartsWith($"# TYPE {name}", StringComparison.Ordinal))];

    public void Dispose()
    {
        metrics.Dispose();
        meter.Dispose();
    }
}
