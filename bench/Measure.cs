using System.Diagnostics;

namespace Veza.Bench;

/// <summary>A closed loop: a fixed number of callers that each repeat as soon as they are answered.</summary>
internal static class Measure
{
    /// <param name="act">
    /// Does one unit of work and returns the number of operations in it. The argument is the caller's number.
    /// </param>
    /// <returns>The operations a second, and the latency percentiles in milliseconds.</returns>
    public static async Task<Figures> ClosedLoopAsync(int callers, TimeSpan time, Func<int, Task<int>> act)
    {
        var warmUpUntil = Stopwatch.GetTimestamp() + (long)(Stopwatch.Frequency * Math.Min(1, time.TotalSeconds / 4));
        var until = warmUpUntil + (long)(Stopwatch.Frequency * time.TotalSeconds);
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, callers)
                .Select(caller =>
                    Task.Run(async () =>
                    {
                        var latencies = new List<float>();
                        long done = 0;
                        while (true)
                        {
                            var started = Stopwatch.GetTimestamp();
                            if (started >= until)
                                return (done, latencies);
                            var things = await act(caller);
                            if (started < warmUpUntil)
                                continue;
                            done += things;
                            latencies.Add((float)Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                        }
                    })
                )
        );
        var all = results.SelectMany(r => r.latencies).Order().ToArray();
        return new(results.Sum(r => r.done) / time.TotalSeconds, Percentile(all, 0.50), Percentile(all, 0.99));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[sorted.Length / 2];
    }

    public static double Percentile(float[] sorted, double p) =>
        sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, p * sorted.Length)];
}

/// <summary>The figures of a measurement.</summary>
/// <param name="PerSecond">Commands, rows or events a second.</param>
/// <param name="P50">In milliseconds.</param>
internal sealed record Figures(double PerSecond, double P50, double P99);
