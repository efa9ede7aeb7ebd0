using System.Diagnostics.Metrics;

namespace Veza.Api.Observability;

/// <summary>Upper bounds of histogram buckets: the instrument's own advice, else by its unit.</summary>
internal static class Buckets
{
    // The targets are 5, 10 and 50 ms, so that these must be bounds; below 1 ms lie appends and pushes.
    private static readonly double[] Seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    private static readonly double[] Bytes = [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864, 268435456];
    private static readonly double[] Counts = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000];

    public static double[] Of(Instrument instrument) =>
        Advice(instrument) is { Length: > 0 } advised ? advised
        : instrument.Unit switch
        {
            "s" => Seconds,
            "ms" => [.. Seconds.Select(s => s * 1000)],
            "By" => Bytes,
            _ => Counts,
        };

    private static double[]? Advice(Instrument instrument) => instrument switch
    {
        Histogram<double> h => h.Advice?.HistogramBucketBoundaries?.ToArray(),
        Histogram<float> h => Doubles(h.Advice?.HistogramBucketBoundaries),
        Histogram<long> h => Doubles(h.Advice?.HistogramBucketBoundaries),
        Histogram<int> h => Doubles(h.Advice?.HistogramBucketBoundaries),
        _ => null,
    };

    private static double[]? Doubles<T>(IReadOnlyList<T>? bounds) where T : struct, IConvertible => bounds?.Select(b => b.ToDouble(null)).ToArray();
}
