using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Integration.Tests.Chat;
using Veza.Realtime.Engine;

namespace Veza.Integration.Tests.Live;

/// <summary>
/// Random input over WebSockets, on a node of its own, so that the test can check what it still holds afterwards.
/// </summary>
public sealed class HubFuzzTests(VezaServer server, ITestOutputHelper output)
{
    private const int AtOnce = 8;

    /// <summary>The server's time-out for a missing handshake is 10 s.</summary>
    private static readonly TimeSpan EndsMax = TimeSpan.FromSeconds(25);

    /// <summary>A short form by default, a long one when VEZA_FAULTS is 1.</summary>
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(
        Environment.GetEnvironmentVariable("VEZA_FAULTS") == "1" ? 120 : 3
    );

    [Fact(Timeout = 240_000)]
    public async Task After_any_input_of_a_socket_the_node_goes_on_gives_a_close_reason_and_keeps_nothing()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("VEZA_FAULTS_SEED"), out var given)
            ? given
            : (int)(Stopwatch.GetTimestamp() & 0xFFFFFF);
        output.WriteLine($"VEZA_FAULTS_SEED={seed}");
        var chat = await ChatSetting.CreateAsync(server);
        await using var node = await VezaHost.StartAsync(
            VezaServer.Settings(server.Home, ("ROLES", "api,realtime")),
            server.ConnectionString,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        var (connections, engine) = (
            node.App.Services.GetRequiredService<LiveConnections>(),
            node.App.Services.GetRequiredService<LiveEngine>()
        );

        var started = Stopwatch.GetTimestamp();
        // On a busy machine the time may pass before any attack has got an answer.
        var answered = 0;
        var ends = await Task.WhenAll(
                Enumerable
                    .Range(0, AtOnce)
                    .Select(async worker =>
                    {
                        var random = new Random(seed + worker);
                        var seen = new List<string>();
                        while (Stopwatch.GetElapsedTime(started) < Time || Volatile.Read(ref answered) == 0)
                        {
                            seen.Add(await AttackAsync(node.Address, chat, random));
                            if (seen[^1].StartsWith("reason: ", StringComparison.Ordinal))
                                Interlocked.Increment(ref answered);
                        }
                        return seen;
                    })
            )
            .WaitAsync(TestContext.Current.CancellationToken);
        var counts = ends.SelectMany(e => e).CountBy(e => e).OrderByDescending(e => e.Value).ToList();
        foreach (var (end, count) in counts)
            output.WriteLine($"{count, 6} {end}");
        // A connection that the server ended in order had received the reason.
        Assert.DoesNotContain(counts, e => e.Key == "ended without a reason");
        // Proves that something was tried.
        Assert.Contains(counts, e => e.Key.StartsWith("reason: ", StringComparison.Ordinal));

        await Eventually.TrueAsync(
            () => connections.Open + engine.Subscriptions == 0,
            EndsMax,
            $"all connections and subscriptions have ended, with seed {seed}"
        );
        using var good = await WebSocketPeer.OpenAsync(node.Address, chat.Member.AccessToken!);
        await good.SendTextAsync(WebSocketPeer.Handshake + WebSocketPeer.Subscribe(chat.Channel));
        Assert.Contains(
            "\"kind\":\"batch\"",
            await good.ReadUntilAsync("\"kind\":\"batch\""),
            StringComparison.Ordinal
        );
    }

    /// <returns>How the connection ended.</returns>
    private static async Task<string> AttackAsync(string address, ChatSetting chat, Random random)
    {
        using var peer = await WebSocketPeer.OpenAsync(address, chat.Member.AccessToken!);
        try
        {
            if (random.Next(8) > 0)
                await peer.SendTextAsync(WebSocketPeer.Handshake);
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var message = Encoding.UTF8.GetBytes(Message(chat, random));
                if (random.Next(3) == 0)
                    Mutate(message, random);
                if (random.Next(4) > 0)
                    await peer.SendTextAsync(Encoding.UTF8.GetString(message));
                else
                    await peer.SendRawAsync(Frame(message, random));
            }
        }
        catch (IOException)
        {
            return "cut while sending";
        }
        // Some only hang up in the middle of a message.
        return random.Next(2) == 0 ? "hung up" : await peer.EndAsync(EndsMax);
    }

    private static string Message(ChatSetting chat, Random random) =>
        random.Next(13) switch
        {
            0 => WebSocketPeer.Subscribe(chat.Channel),
            1 => WebSocketPeer.Subscribe(Guid.CreateVersion7()),
            2 => """{"type":4,"invocationId":"2","target":"Subscribe","arguments":[null,null]}""" + '\u001e',
            3 => """{"type":4,"invocationId":"3","target":"Subscribe","arguments":[["channel:x"],"then"]}""" + '\u001e',
            4 => """{"type":1,"invocationId":"4","target":"Nothing","arguments":[]}""" + '\u001e',
            5 => """{"type":5,"invocationId":"1"}""" + '\u001e',
            6 => """{"type":4,"invocationId":"6","target":"Resume","arguments":[["log"],-1,"other"]}""" + '\u001e',
            7 => new string('[', random.Next(1, 5000)) + '\u001e',
            8 => """{"type":4,"invocationId":"8","target":"Subscribe","arguments":[["""
                + string.Join(',', Enumerable.Repeat("\"log\"", random.Next(1, 600)))
                + "],null]}\u001e",
            9 => $$"""{"type":{{random.Next(-5, 20)}},"invocationId":"9"}""" + '\u001e',
            10 => new string('x', random.Next(1, 100_000)) + (random.Next(2) == 0 ? "\u001e" : ""),
            11 => string.Concat(
                Enumerable
                    .Range(10, 80)
                    .Select(i =>
                        $$"""{"type":4,"invocationId":"{{i}}","target":"Subscribe","arguments":[["chart:top"],0]}"""
                        + '\u001e'
                    )
            ),
            _ => """{"type":7,"error":"me"}""" + '\u001e',
        };

    private static void Mutate(byte[] message, Random random)
    {
        for (var i = random.Next(1, 4); i > 0; i--)
            message[random.Next(message.Length)] = (byte)random.Next(256);
    }

    /// <summary>Random opcodes, flags, masks and lengths.</summary>
    private static byte[] Frame(byte[] payload, Random random)
    {
        var frame = new byte[2 + random.Next(0, 12) + Math.Min(payload.Length, 200)];
        random.NextBytes(frame);
        payload
            .AsSpan(0, Math.Min(payload.Length, 200))
            .CopyTo(frame.AsSpan(frame.Length - Math.Min(payload.Length, 200)));
        return frame;
    }
}
