using System.Diagnostics;
using System.Globalization;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>
/// More live connections than one process has file descriptors for: several nodes over one log, each with its own load
/// process.
/// </summary>
internal static class NodesBench
{
    private const int AudienceMax = 1000;

    public static async Task RunAsync(int processes, int connections, int seconds)
    {
        await using var setting = await Setting.CreateAsync(2, AudienceMax, processes);
        Server[] nodes =
        [
            setting.Server,
            .. Enumerable
                .Range(1, processes - 1)
                .Select(_ => Server.StartVeza(setting.Postgres.ConnectionString, nodes: processes)),
        ];
        var before = nodes.Sum(n => Usage.ResidentBytes(n.ProcessId));
        var holders = nodes
            .Select(n => Holder.Start(n.Port, connections / processes, setting.Tokens[0], setting.Channels[0]))
            .ToArray();
        var started = Stopwatch.GetTimestamp();
        foreach (var holder in holders)
            holder.UntilSays("held");
        var connectedIn = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = nodes.Sum(n => Usage.ResidentBytes(n.ProcessId));

        // The subscribers are on every node; the messages go to one.
        var audience = new List<LivePeer>();
        var messages = new Messages(setting.Loop, setting.Server, setting.Postgres.ProcessId, 4);
        for (var i = 0; i < AudienceMax; i++)
        {
            var peer = new LivePeer(
                nodes[i % processes].Port,
                "/hubs/live",
                setting.Tokens[i],
                LivePeer.Subscribe($"channel:{setting.Channels[1]}"),
                messages.Receive
            );
            setting.Loop.Add(peer);
            audience.Add(peer);
        }
        setting.Loop.TurnUntil(() => audience.All(p => p.IsLive), TimeSpan.FromSeconds(60), "subscribing the audience");
        var round = messages.Send(10, TimeSpan.FromSeconds(seconds), AudienceMax, (i, text) =>
            HttpPeer.Request(
                "POST",
                $"/api/v1/channels/{setting.Channels[1]}/messages",
                setting.Tokens[i % AudienceMax],
                $$"""{"text":"{{text}}"}"""
            )
        );
        var held = holders.Sum(h => h.AskCount());
        Report.Head("open", "KiB each", "MiB in all", "connected s");
        Report.Row(
            $"idle subscriptions in {processes} processes",
            held,
            (after - before) / 1024.0 / connections,
            after / 1048576.0,
            connectedIn
        );
        Report.Head("receipts", "P50 ms", "P99 ms", "most ms", "missing");
        Report.Row(
            "beside them, 10 messages/s to 1,000 on all nodes",
            round.Receipts.Length,
            Measure.Percentile(round.Receipts, 0.5),
            Measure.Percentile(round.Receipts, 0.99),
            Measure.Percentile(round.Receipts, 1),
            round.Missing
        );
        foreach (var holder in holders)
            holder.Dispose();
        foreach (var node in nodes[1..])
            node.Dispose();
    }

    /// <summary>
    /// Runs in a separate process: connects, subscribes, and holds the connections until its input ends.
    /// </summary>
    public static int Hold(int port, int count, string token, string channel)
    {
        using var loop = new SocketLoop();
        var peers = new LivePeer[count];
        for (var i = 0; i < count; i++)
        {
            loop.Add(
                peers[i] = new(port, "/hubs/live", token, LivePeer.Subscribe($"channel:{channel}"), (_, _) => { })
            );
            var slowest = peers[Math.Max(0, i - 100)];
            if (i >= 100)
                loop.TurnUntil(() => slowest.IsLive, TimeSpan.FromSeconds(60), "subscribing");
        }
        loop.TurnUntil(() => peers.All(p => p.IsLive), TimeSpan.FromSeconds(60), "subscribing everyone");
        Console.WriteLine("held");
        var asked = Task.Run(Console.In.ReadLine);
        while (!asked.IsCompleted)
            LiveBench.KeepAlive(loop, TimeSpan.FromSeconds(1));
        Console.WriteLine(peers.Count(p => !p.Ended).ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    private sealed class Holder(Process process) : IDisposable
    {
        public static Holder Start(int port, int count, string token, Guid channel)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
                start.ArgumentList.Add(typeof(NodesBench).Assembly.Location);
            foreach (
                var argument in (string[])
                    [
                        "hold",
                        port.ToString(CultureInfo.InvariantCulture),
                        count.ToString(CultureInfo.InvariantCulture),
                        token,
                        channel.ToString(),
                    ]
            )
                start.ArgumentList.Add(argument);
            return new(Process.Start(start)!);
        }

        public void UntilSays(string word)
        {
            if (process.StandardOutput.ReadLine() != word)
                throw new InvalidOperationException($"a holder of connections ended before it said {word}");
        }

        public int AskCount()
        {
            process.StandardInput.Close();
            return int.Parse(process.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            process.WaitForExit(TimeSpan.FromSeconds(10));
            process.Dispose();
        }
    }
}
