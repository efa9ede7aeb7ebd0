using System.Diagnostics;
using Veza.Bench.Load;
using Veza.EventStore.Postgres;

namespace Veza.Bench.Live;

/// <summary>
/// Commands over HTTP with authentication: messages as fast as 256 connections can send, and at a fixed rate.
/// </summary>
internal static class HttpBench
{
    private const int Channels = 100,
        Members = 256,
        Connections = 256,
        PerSecond = 2000;
    private static readonly string[] ClosedColumns =
    [
        "per second",
        "P50 ms",
        "P99 ms",
        "server µs",
        "load µs",
        "PostgreSQL",
        "bytes",
        "paused %",
    ];
    private static readonly string[] OpenColumns =
    [
        "commands",
        "P50 ms",
        "P99 ms",
        "P99.9 ms",
        "server µs",
        "PostgreSQL",
        "paused %",
    ];

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 5);
        var rounds = options.Number("--rounds", 5);
        var only = options.Text("--only");
        await using var setting = await Setting.CreateAsync(Channels, Members);
        Report.Machine(
            $"server, PostgreSQL and load on the same machine, durable; {rounds} rounds of {seconds} s, medians"
        );
        if (Wanted("closed"))
            Case(ClosedColumns, $"{Connections} connections, one command at a time each", setting.Server, time =>
                Closed(setting, time)
            );
        if (Wanted("bare"))
        {
            await using var postgres = await LocalPostgres.StartEphemeralAsync();
            using var bare = Server.StartBare(postgres.ConnectionString);
            Case(ClosedColumns, "the same to an endpoint that does nothing", bare, time =>
                Closed(bare, postgres.ProcessId, _ => HttpPeer.Request("POST", "/nothing", "", "{}"), time)
            );
            Case(ClosedColumns, "to one that only appends an event", bare, time =>
                Closed(bare, postgres.ProcessId, _ => HttpPeer.Request("POST", "/append", "", "{}"), time)
            );
        }
        if (Wanted("open"))
        {
            var messages = new Messages(setting.Loop, setting.Server, setting.Postgres.ProcessId, 64);
            if (!Wanted("closed"))
                setting.Server.WarmUp(time => Closed(setting, time));
            Case(OpenColumns, $"open loop, {PerSecond:N0} commands/s over 64 connections", setting.Server, time =>
                Open(setting, messages, time)
            );
        }
        return 0;

        bool Wanted(string name) => only is null || only.Split(',').Contains(name);

        void Case(string[] columns, string name, Server server, Func<TimeSpan, double[]> round)
        {
            server.WarmUp(time => round(time));
            var of = Enumerable.Range(0, rounds).Select(_ => round(TimeSpan.FromSeconds(seconds))).ToList();
            Report.Head(columns);
            Report.Row(name, [.. columns.Select((_, i) => Measure.Median(of.Select(f => f[i])))]);
        }
    }

    /// <returns>
    /// Answered commands; P50, P99 and P99.9 in milliseconds; the processor time of the server and of PostgreSQL in
    /// microseconds a command; and the percentage of time in the server's GC pauses.
    /// </returns>
    private static double[] Open(Setting setting, Messages messages, TimeSpan time)
    {
        var before = setting.Server.Runtime().PausedSeconds;
        var of = messages.Send(PerSecond, time, 0, (i, text) => Request(setting, i, text));
        var paused = setting.Server.Runtime().PausedSeconds - before;
        // There are no live subscribers, so the round counts all processor time as one item's. It begins a second
        // before the measurement.
        return
        [
            of.Answers.Length,
            Measure.Percentile(of.Answers, 0.5),
            Measure.Percentile(of.Answers, 0.99),
            Measure.Percentile(of.Answers, 0.999),
            of.ServerCpu / of.Answers.Length,
            of.DatabaseCpu / of.Answers.Length,
            paused / (time.TotalSeconds + 1) * 100,
        ];
    }

    private static double[] Closed(Setting setting, TimeSpan time) =>
        Closed(
            setting.Server,
            setting.Postgres.ProcessId,
            i =>
                Request(
                    setting,
                    i,
                    "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price."
                ),
            time
        );

    /// <param name="request">The request of the n-th connection, which it repeats.</param>
    /// <returns>
    /// Commands a second; P50 and P99 in milliseconds; the processor time of the server, the load and PostgreSQL in
    /// microseconds a command; the server's allocated bytes a command; and the percentage of time in its GC pauses.
    /// </returns>
    private static double[] Closed(Server server, int postgres, Func<int, byte[]> request, TimeSpan time)
    {
        var requests = Enumerable.Range(0, Connections).Select(request).ToArray();
        var latencies = new List<float>();
        var (until, waiting) = (Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency), 0);
        using var loop = new SocketLoop();
        var before = server.Runtime();
        var (cpu, load, database) = (
            Usage.CpuSeconds(server.ProcessId),
            Usage.CpuSeconds(Environment.ProcessId),
            Usage.CpuSecondsOfTree(postgres)
        );
        for (var i = 0; i < Connections; i++)
        {
            var own = requests[i];
            var peer = new HttpPeer(server.Port, (peer, asked, status, body) =>
            {
                if (status is not (200 or 201))
                    throw new InvalidOperationException(
                        $"a command was answered {status}: {System.Text.Encoding.UTF8.GetString(body)}"
                    );
                var now = Stopwatch.GetTimestamp();
                latencies.Add((float)Stopwatch.GetElapsedTime(asked, now).TotalMilliseconds);
                if (now < until)
                    peer.Ask(own, now);
                else
                    waiting--;
            });
            loop.Add(peer);
            waiting++;
            peer.Ask(own, Stopwatch.GetTimestamp());
        }
        loop.TurnUntil(() => waiting == 0, time + TimeSpan.FromSeconds(10), "being answered");
        var (cpuNow, loadNow, databaseNow) = (
            Usage.CpuSeconds(server.ProcessId),
            Usage.CpuSeconds(Environment.ProcessId),
            Usage.CpuSecondsOfTree(postgres)
        );
        var after = server.Runtime();
        float[] sorted = [.. latencies.Order()];
        return
        [
            sorted.Length / time.TotalSeconds,
            Measure.Percentile(sorted, 0.5),
            Measure.Percentile(sorted, 0.99),
            (cpuNow - cpu) * 1e6 / sorted.Length,
            (loadNow - load) * 1e6 / sorted.Length,
            (databaseNow - database) * 1e6 / sorted.Length,
            (after.Allocated - before.Allocated) / sorted.Length,
            (after.PausedSeconds - before.PausedSeconds) / time.TotalSeconds * 100,
        ];
    }

    private static byte[] Request(Setting setting, int number, string text) =>
        HttpPeer.Request(
            "POST",
            $"/api/v1/channels/{setting.Channels[number % Channels]}/messages",
            setting.Tokens[number % Members],
            $$"""{"text":"{{text}}"}"""
        );
}
