using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;

namespace Veza.Api.Observability;

/// <summary>Configures each instrument for OpenTelemetry: the number of series, and a histogram's bounds.</summary>
internal static class MetricViews
{
    /// <summary>
    /// Series of a metric; further ones are summed in one more, <c>otel_metric_overflow="true"</c>. Requests have the
    /// most, by route and status.
    /// </summary>
    /// <remarks>OpenTelemetry allocates all of them, 72 bytes each, when the instrument is created.</remarks>
    public const int SeriesMax = 2_000;

    // The targets are 5, 10 and 50 ms, so these must be bounds; appends and pushes take less than 1 ms.
    private static readonly double[] Seconds =
    [
        0.0005,
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1,
        2.5,
        5,
        10,
    ];
    private static readonly double[] Bytes =
    [
        256,
        1024,
        4096,
        16384,
        65536,
        262144,
        1048576,
        4194304,
        16777216,
        67108864,
        268435456,
    ];
    private static readonly double[] Counts = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];

    public static MetricStreamConfiguration Of(Instrument instrument) =>
        IsHistogram(instrument)
            ? new ExplicitBucketHistogramConfiguration
            {
                // Null keeps the instrument's own advice.
                Boundaries = IsAdvised(instrument) ? null : BoundsOf(instrument.Unit),
                // Prometheus cannot represent them.
                RecordMinMax = false,
                CardinalityLimit = SeriesMax,
            }
            : new MetricStreamConfiguration { CardinalityLimit = SeriesMax };

    private static double[] BoundsOf(string? unit) =>
        unit switch
        {
            "s" => Seconds,
            "ms" => [.. Seconds.Select(s => s * 1000)],
            "By" => Bytes,
            _ => Counts,
        };

    private static bool IsHistogram(Instrument instrument) =>
        instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(Histogram<>);

    private static bool IsAdvised(Instrument instrument) =>
        instrument switch
        {
            Histogram<double> h => h.Advice?.HistogramBucketBoundaries is not null,
            Histogram<float> h => h.Advice?.HistogramBucketBoundaries is not null,
            Histogram<long> h => h.Advice?.HistogramBucketBoundaries is not null,
            Histogram<int> h => h.Advice?.HistogramBucketBoundaries is not null,
            _ => false,
        };
}
