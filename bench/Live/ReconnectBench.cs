using System.Diagnostics;
using System.Text.Json;
using Veza.Bench.Load;

namespace Veza.Bench.Live;

/// <summary>
/// A server with thousands of subscribers is killed and restarted, and all of them reconnect at the same instant, which
/// is the worst case. Each has missed events. It is live again when it has all of them, each once.
/// </summary>
internal static class ReconnectBench
{
    private const int Channels = 100;
    private static readonly TimeSpan LiveMax = TimeSpan.FromSeconds(60);

    // The retry waits of clients/typescript: a random part of an interval that doubles each time.
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250),
        LongestWait = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(Options options)
    {
        var subscribers = options.Number("--subscribers", 10_000);
        var missed = options.Number("--missed", 5);
        var rounds = options.Number("--rounds", 3);
        await using var setting = await Setting.CreateAsync(Channels, subscribers);
        var followed = options.Has("--accounts") ? " that it follows too" : "";
        Report.Machine(
            $"{subscribers:N0} subscribers of {Channels} channels, each with its own account{followed}; "
                + $"each missed {missed} events"
        );
        Report.Head(
            "started ms",
            "connected ms",
            "P50 ms",
            "all live ms",
            "server CPU ms",
            "compiling ms",
            "asked again"
        );
        for (var round = 1; round <= rounds; round++)
        {
            var (epoch, after) = Head(setting);
            for (var i = 0; i < missed; i++)
                setting.AskAll([
                    .. setting.Channels.Select(channel =>
                        HttpPeer.Request(
                            "POST",
                            $"/api/v1/channels/{channel}/messages",
                            setting.Tokens[Array.IndexOf(setting.Channels, channel)],
                            $$"""{"text":"@bench:{{i}} missed"}"""
                        )
                    ),
                ]);

            setting.Server.Kill();
            var killed = Stopwatch.GetTimestamp();
            setting.Restart();
            var started = Stopwatch.GetElapsedTime(killed);
            var knocked = Stopwatch.GetTimestamp();
            using var loop = new SocketLoop();
            var liveAt = new double[subscribers];
            var refused = 0;
            for (var i = 0; i < subscribers; i++)
            {
                var (number, got) = (i, 0);
                var topics = options.Has("--accounts")
                    ? $"\"channel:{setting.Channels[i % Channels]}\",\"account:{setting.Account(i)}\""
                    : $"\"channel:{setting.Channels[i % Channels]}\"";
                var arguments = $"[[{topics}],{after},\"{epoch}\"]";
                var invocation = $$"""{"type":4,"invocationId":"1","target":"Resume","arguments":{{arguments}}}""";
                var peer = new LivePeer(setting.Server.Port, "/hubs/live", setting.Tokens[i], invocation, (_, mark) =>
                {
                    if (mark != got++)
                        throw new InvalidOperationException(
                            $"subscriber {number} got message {mark} as its number {got - 1}"
                        );
                    if (got == missed)
                        liveAt[number] = Stopwatch.GetElapsedTime(knocked).TotalMilliseconds;
                });
                var wait = FirstWait;
                peer.NotNow = () =>
                {
                    refused++;
                    loop.Later(Random.Shared.NextDouble() * wait, peer.InvokeAgain);
                    wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
                };
                loop.Add(peer);
                // An accepted subscriber goes on immediately.
                loop.Turn(0);
            }
            var connected = Stopwatch.GetElapsedTime(knocked);
            loop.TurnUntil(() => Array.TrueForAll(liveAt, at => at > 0), LiveMax, "resuming everyone");
            Array.Sort(liveAt);
            using var server = Process.GetProcessById(setting.Server.ProcessId);
            Report.Row(
                $"round {round}",
                started.TotalMilliseconds,
                connected.TotalMilliseconds,
                liveAt[subscribers / 2],
                liveAt[^1],
                server.TotalProcessorTime.TotalMilliseconds,
                setting.Server.Runtime().CompilingSeconds * 1000,
                refused
            );
        }
        return 0;
    }

    private static (string Epoch, long Position) Head(Setting setting)
    {
        var (epoch, position) = ("", 0L);
        using var loop = new SocketLoop();
        var peer = new LivePeer(
            setting.Server.Port,
            "/hubs/live",
            setting.Tokens[0],
            LivePeer.Subscribe($"channel:{setting.Channels[0]}"),
            (_, _) => { }
        );
        peer.Batch = json =>
            (epoch, position) = (json.GetProperty("epoch").GetString()!, json.GetProperty("position").GetInt64());
        loop.Add(peer);
        loop.TurnUntil(() => position > 0, LiveMax, "the first batch");
        return (epoch, position);
    }
}
