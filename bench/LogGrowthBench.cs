using System.Diagnostics;
using Npgsql;
using Veza.EventStore.Postgres;
using Veza.EventStore.Verification;

namespace Veza.Bench;

/// <summary>
/// The cost of a growing log: rate and latency of appends, the time of a start, and the speed of verification with 1, 5
/// and 20 million events.
/// </summary>
internal static class LogGrowthBench
{
    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 10);
        var millions = options.Numbers("--millions", [1, 5, 20]);
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        Report.Machine(
            $"at each size {seconds} s of 64 callers on 10,000 streams made at the beginning, "
                + "then a start, then a verification of all of it"
        );
        Report.Head("per second", "P50 ms", "P99 ms", "start s", "verified/s");
        var streams = new BenchLog();
        foreach (var million in millions)
        {
            Figures figures;
            await using (var log = await BenchLog.OpenAsync(postgres.ConnectionString))
            {
                await BenchLog.FillAsync(log, million * 1_000_000L);
                figures = await Measure.ClosedLoopAsync(64, TimeSpan.FromSeconds(seconds), caller =>
                    streams.AppendAsync(log, caller, 64)
                );
            }
            var started = Stopwatch.GetTimestamp();
            await using (await BenchLog.OpenAsync(postgres.ConnectionString)) { }
            var start = Stopwatch.GetElapsedTime(started).TotalSeconds;
            await using var database = NpgsqlDataSource.Create(postgres.ConnectionString);
            var report = await new LogVerifier(database, []).VerifyAsync(CancellationToken.None);
            if (!report.IsSound)
                throw new InvalidOperationException(string.Join("; ", report.Checks.SelectMany(c => c.Differences)));
            Report.Row(
                $"log of {million} million events",
                figures.PerSecond,
                figures.P50,
                figures.P99,
                start,
                report.Head / report.Took.TotalSeconds
            );
        }
        return 0;
    }
}
