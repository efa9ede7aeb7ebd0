using System.Diagnostics;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>Commands over HTTP with authentication: sending messages, as fast as 256 connections go, and at a fixed rate.</summary>
internal static class HttpBench
{
    private const int Channels = 100, Members = 256, Connections = 256, PerSecond = 2000;

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 5);
        var rounds = options.Number("--rounds", 5);
        var only = options.Text("--only");
        await using var setting = await Setting.CreateAsync(Channels, Members);
        Report.Machine($"server, PostgreSQL and load on the same machine, durable; {rounds} rounds of {seconds} s, medians");
        if (only is null or "closed")
        {
            // Both compilers have then seen what is measured.
            Closed(setting, TimeSpan.FromSeconds(Math.Min(5, seconds)));
            var of = Enumerable.Range(0, rounds).Select(_ => Closed(setting, TimeSpan.FromSeconds(seconds))).ToList();
            Report.Head("per second", "P50 ms", "P99 ms", "server µs", "load µs", "PostgreSQL");
            Report.Row($"{Connections} connections, one command at a time each", [.. Enumerable.Range(0, 6).Select(i => Measure.Median(of.Select(f => f[i])))]);
        }
        if (only is null or "open")
        {
            var messages = new Messages(setting.Loop, setting.Server, setting.Postgres.ProcessId, 64);
            var of = Enumerable.Range(0, rounds).Select(_ => messages.Send(PerSecond, TimeSpan.FromSeconds(seconds), 0, (i, text) => Request(setting, i, text)).Answers).ToList();
            Report.Head("commands", "P50 ms", "P99 ms", "P99.9 ms");
            Report.Row($"open loop, {PerSecond:N0} commands/s over 64 connections", [.. new Func<float[], double>[]
                { a => a.Length, a => Measure.Percentile(a, 0.5), a => Measure.Percentile(a, 0.99), a => Measure.Percentile(a, 0.999) }.Select(p => Measure.Median(of.Select(p)))]);
        }
        return 0;
    }

    /// <returns>Commands a second, P50 and P99 in milliseconds, and microseconds of processor time a command of the server, the load and PostgreSQL.</returns>
    private static double[] Closed(Setting setting, TimeSpan time)
    {
        var requests = Enumerable.Range(0, Connections).Select(i => Request(setting, i, "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price.")).ToArray();
        var latencies = new List<float>();
        var (until, waiting) = (Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), 0);
        using var loop = new SocketLoop();
        var (server, load, database) = (Usage.CpuSeconds(setting.Server.ProcessId), Usage.CpuSeconds(Environment.ProcessId), Usage.CpuSecondsOfTree(setting.Postgres.ProcessId));
        for (var i = 0; i < Connections; i++)
        {
            var request = requests[i];
            var peer = new HttpPeer(setting.Server.Port, (peer, asked, status, body) =>
            {
                if (status != 201) throw new InvalidOperationException($"a message was answered {status}: {System.Text.Encoding.UTF8.GetString(body)}");
                var now = Stopwatch.GetTimestamp();
                latencies.Add((float)Stopwatch.GetElapsedTime(asked, now).TotalMilliseconds);
                if (now < until) peer.Ask(request, now);
                else waiting--;
            });
            loop.Add(peer);
            waiting++;
            peer.Ask(request, Stopwatch.GetTimestamp());
        }
        loop.TurnUntil(() => waiting == 0, time + TimeSpan.FromSeconds(10), "being answered");
        float[] sorted = [.. latencies.Order()];
        return [sorted.Length / time.TotalSeconds, Measure.Percentile(sorted, 0.5), Measure.Percentile(sorted, 0.99),
            (Usage.CpuSeconds(setting.Server.ProcessId) - server) * 1e6 / sorted.Length, (Usage.CpuSeconds(Environment.ProcessId) - load) * 1e6 / sorted.Length,
            (Usage.CpuSecondsOfTree(setting.Postgres.ProcessId) - database) * 1e6 / sorted.Length];
    }

    private static byte[] Request(Setting setting, int number, string text) => HttpPeer.Request("POST", $"/api/v1/channels/{setting.Channels[number % Channels]}/messages",
        setting.Tokens[number % Members], $$"""{"text":"{{text}}"}""");
}
