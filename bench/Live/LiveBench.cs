using System.Diagnostics;
using System.Globalization;
using System.Text;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>
/// Live topics under an open loop: the latency from a command's due time to its item's receipt, both on this process's
/// clock.
/// </summary>
internal static class LiveBench
{
    private const int PauseReceiveBytes = 4096;

    /// <summary>In this time each connection has pinged once.</summary>
    private const int IdleSecondsMin = 25;

    /// <summary>
    /// With so little activity the runtime needs more than a minute until it has compiled the hot code. Real
    /// connections are idle for hours.
    /// </summary>
    private static readonly TimeSpan IdleWarmUp = TimeSpan.FromSeconds(90);

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 10);
        var rounds = options.Number("--rounds", 3);
        var only = options.Text("--only");
        var cases = new (string Name, Func<Task> Run)[]
        {
            ("channels", () => ChannelsAsync(seconds, rounds, stopped: 0)),
            ("stopped", () => ChannelsAsync(seconds, rounds, stopped: 20)),
            ("crowd", () => CrowdAsync(options.Number("--connections", 10_000), seconds, rounds)),
            ("plain", () => PlainAsync(options.Number("--connections", 10_000), seconds, rounds)),
            ("idle", () => IdleAsync(options.Number("--connections", 19_000), seconds)),
            ("nodes", () =>
                NodesBench.RunAsync(options.Number("--processes", 6), options.Number("--connections", 100_000), seconds)
            ),
        };
        Report.Machine(
            $"server, PostgreSQL and load on the same machine, durable; {rounds} rounds of {seconds} s, medians"
        );
        foreach (var (name, run) in cases)
            if (only is null || only.Split(',').Contains(name))
                await run();
        return 0;
    }

    private static async Task ChannelsAsync(int seconds, int rounds, int stopped)
    {
        const int Channels = 100,
            Subscribers = 1000,
            PerSecond = 1000,
            Senders = 32;
        await using var setting = await Setting.CreateAsync(Channels, Subscribers);
        var messages = new Messages(setting.Loop, setting.Server, setting.Postgres.ProcessId, Senders);
        setting.Subscribe(Subscribers, i => $"channel:{setting.Channels[i % Channels]}", messages.Receive);
        setting.Server.WarmUp(time => Run(time));
        List<Round> all = [],
            beside = [];
        for (var round = 0; round < rounds; round++)
        {
            all.Add(Run(TimeSpan.FromSeconds(seconds)));
            if (stopped == 0)
                continue;
            // New ones for each round, as the server soon disconnects them. Their receive window is small, so the
            // server soon notices that they stopped reading.
            var ignored = setting.Subscribe(
                stopped,
                i => $"channel:{setting.Channels[i]}",
                (_, _) => { },
                PauseReceiveBytes
            );
            foreach (var peer in ignored)
                setting.Loop.Ignore(peer);
            beside.Add(Run(TimeSpan.FromSeconds(seconds)));
            foreach (var peer in ignored)
                peer.Dispose();
        }
        Head("1,000 messages/s over 100 channels of 10");
        Table(all);
        if (stopped == 0)
            return;
        Head($"the same in turns, {stopped} more subscribers having stopped reading");
        Table(beside);

        Round Run(TimeSpan time) =>
            messages.Send(PerSecond, time, Subscribers / Channels, (i, text) => Send(setting, i, text));
    }

    private static async Task CrowdAsync(int connections, int seconds, int rounds)
    {
        await using var setting = await Setting.CreateAsync(1, connections);
        var messages = new Messages(setting.Loop, setting.Server, setting.Postgres.ProcessId, 4);
        setting.Subscribe(connections, _ => $"channel:{setting.Channels[0]}", messages.Receive);
        Head($"10 messages/s to one channel of {connections:N0}");
        Table(
            Rounds(rounds, () =>
                messages.Send(10, TimeSpan.FromSeconds(seconds), connections, (i, text) => Send(setting, i, text))
            )
        );
    }

    private static Task PlainAsync(int connections, int seconds, int rounds)
    {
        using var server = Server.StartPlain();
        using var loop = new SocketLoop();
        var messages = new Messages(loop, server, postgres: 0, 4);
        ConnectPlain(server, loop, connections, messages.Receive);
        Head($"the same with Clients.Group().SendAsync and nothing else");
        Table(
            Rounds(rounds, () =>
                messages.Send(10, TimeSpan.FromSeconds(seconds), connections, (i, text) =>
                    HttpPeer.Request("POST", "/send", "", PlainItem(i, text))
                )
            )
        );
        return Task.CompletedTask;
    }

    /// <summary>An item of the same size and content as Veza's.</summary>
    private static string PlainItem(int position, string text)
    {
        const string Id = "01995a5e-7e1c-7f3a-9d8e-1f2a3b4c5d6e";
        return $$$"""{"position":{{{position}}},"type":"messageSent","topics":["channel:{{{Id}}}"],"""
            + $$$"""
                "at":"2026-01-01T00:00:00Z","by":"{{{Id}}}","data":{"messageId":"{{{Id}}}",
                """
            + $$$"""
                "channelId":"{{{Id}}}","authorId":"{{{Id}}}","text":"{{{text}}}"}}
                """;
    }

    private static async Task IdleAsync(int connections, int seconds)
    {
        Report.Head("open", "KiB each", "settled", "% of a core", "MiB in all");
        // The ping intervals of clients/typescript and of SignalR's own clients.
        foreach (var (keepAlive, path) in ((int, string)[])[(25, "/hubs/live?keepAlive=25"), (15, "/hubs/live")])
        {
            await using var setting = await Setting.CreateAsync(1, Math.Min(connections, 1000));
            Idle(
                $"idle subscriptions in one process, pings every {keepAlive} s",
                setting.Server,
                setting.Loop,
                connections,
                seconds,
                keepAlive,
                count => setting.Subscribe(count, _ => $"channel:{setting.Channels[0]}", (_, _) => { }, path: path)
            );
        }
        using var server = Server.StartPlain();
        using var loop = new SocketLoop();
        Idle("a hub of SignalR and nothing else, pings every 15 s", server, loop, connections, seconds, 15, count =>
            ConnectPlain(server, loop, count, (_, _) => { })
        );
    }

    private static void Idle(
        string name,
        Server server,
        SocketLoop loop,
        int connections,
        int seconds,
        int keepAlive,
        Action<int> connect
    )
    {
        // The first connections also cost code, pools and the first pages of each heap, which belong to the process.
        connect(500);
        var before = Usage.ResidentBytes(server.ProcessId);
        connect(connections - 500);
        var after = Usage.ResidentBytes(server.ProcessId);
        // Whole rounds, so that it is the first peer's turn again.
        KeepAlive(loop, TimeSpan.FromSeconds(Math.Ceiling(IdleWarmUp.TotalSeconds / keepAlive) * keepAlive), keepAlive);
        var cpu = Usage.CpuSeconds(server.ProcessId);
        KeepAlive(loop, TimeSpan.FromSeconds(Math.Max(IdleSecondsMin, seconds)), keepAlive);
        cpu = (Usage.CpuSeconds(server.ProcessId) - cpu) / Math.Max(IdleSecondsMin, seconds);
        var settled = Usage.ResidentBytes(server.ProcessId);
        var open = loop.Peers.OfType<LivePeer>().Count(p => !p.Ended);
        Report.Row(
            name,
            open,
            (after - before) / 1024.0 / (connections - 500),
            (settled - before) / 1024.0 / (connections - 500),
            cpu * 100,
            settled / 1048576.0
        );
    }

    private static void ConnectPlain(Server server, SocketLoop loop, int connections, Action<LivePeer, int> received)
    {
        var peers = new LivePeer[connections];
        for (var i = 0; i < connections; i++)
        {
            loop.Add(peers[i] = new(server.Port, "/plain", "", null, received));
            var slowest = peers[Math.Max(0, i - 200)];
            if (i >= 200)
                loop.TurnUntil(() => slowest.IsLive, TimeSpan.FromSeconds(30), "connecting");
        }
        loop.TurnUntil(() => peers.All(p => p.IsLive), TimeSpan.FromSeconds(30), "connecting everyone");
    }

    /// <summary>Every client pings at this interval in seconds, evenly spread. SignalR's clients use 15.</summary>
    internal static void KeepAlive(SocketLoop loop, TimeSpan time, int everySeconds = 15)
    {
        var peers = loop.Peers.OfType<LivePeer>().ToArray();
        var (started, pinged) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            loop.Turn(Stopwatch.GetTimestamp() + Stopwatch.Frequency / 100);
            for (
                var owed = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds / everySeconds * peers.Length);
                pinged < owed;
                pinged++
            )
                if (peers[pinged % peers.Length] is { Ended: false } peer)
                    peer.Ping();
        }
    }

    private static byte[] Send(Setting setting, int number, string text) =>
        HttpPeer.Request(
            "POST",
            $"/api/v1/channels/{setting.Channels[number % setting.Channels.Length]}/messages",
            setting.Tokens[number % setting.Tokens.Length],
            $$"""{"text":"{{text}}"}"""
        );

    /// <summary>
    /// One more round comes first and does not count. After it, the runtime has compiled the hot code, as on a server
    /// that runs for minutes.
    /// </summary>
    private static List<Round> Rounds(int rounds, Func<Round> run) =>
        [.. Enumerable.Range(0, rounds + 1).Select(_ => run()).Skip(1)];

    private static void Head(string name)
    {
        Console.WriteLine(name);
        Report.Head("count", "P50 ms", "P99 ms", "P99.9 ms", "most ms");
    }

    private static void Table(List<Round> rounds)
    {
        Latencies("  from due to answer", rounds, r => r.Answers);
        Latencies("  from due to each receipt", rounds, r => r.Receipts);
        Latencies("  from due to the last receipt", rounds, r => r.Last);
        Report.Head("missing", "server", "load", "PostgreSQL");
        Report.Row(
            "  receipts missing; CPU µs for each received",
            rounds.Sum(r => r.Missing),
            Median(rounds, r => r.ServerCpu),
            Median(rounds, r => r.LoadCpu),
            Median(rounds, r => r.DatabaseCpu)
        );
    }

    private static void Latencies(string name, List<Round> rounds, Func<Round, float[]> of) =>
        Report.Row(
            name,
            Median(rounds, r => of(r).Length),
            Median(rounds, r => Measure.Percentile(of(r), 0.5)),
            Median(rounds, r => Measure.Percentile(of(r), 0.99)),
            Median(rounds, r => Measure.Percentile(of(r), 0.999)),
            Median(rounds, r => Measure.Percentile(of(r), 1))
        );

    private static double Median(List<Round> rounds, Func<Round, double> of) => Measure.Median(rounds.Select(of));
}
