using System.IO.Pipelines;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Realtime.Engine;
using Veza.Realtime.Sockets;

namespace Veza.Realtime.Tests;

public sealed class LiveSocketTests
{
    private const string Ping = "{\"type\":6}\u001e";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Here minutes pass within the microseconds of a send.
    private static readonly RealtimeLimits Limits = new() { StoppedReadingMax = TimeSpan.FromDays(1) };

    [Theory]
    [InlineData(15)]
    [InlineData(25)]
    public async Task A_ping_after_a_silence_is_answered_with_one(int keepAlive)
    {
        await using var client = await Client.ConnectAsync(keepAlive);
        client.Time.Advance(RealtimeLimits.PingAnsweredAfter(TimeSpan.FromSeconds(keepAlive)));
        await client.SayAsync(Ping);
        Assert.Equal(Ping, await client.HearAsync());
    }

    [Fact]
    public async Task A_ping_is_not_answered_when_something_was_sent_lately()
    {
        await using var client = await Client.ConnectAsync();
        client.Time.Advance(5 * Second);
        await client.SayAsync(Ping);
        Assert.Equal("heard", await client.AskAsync("heard"));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(25)]
    public async Task A_client_that_says_nothing_is_pinged_when_it_is_time_and_not_before(int keepAlive)
    {
        await using var client = await Client.ConnectAsync(keepAlive);
        client.Pass((keepAlive - 1) * Second);
        Assert.Equal("not yet", await client.AskAsync("not yet"));
        Assert.Equal(Ping, await client.HearWhileTimePassesAsync());
    }

    [Theory]
    [InlineData(15)]
    [InlineData(25)]
    public async Task A_client_that_has_pinged_and_then_falls_silent_gets_a_close_message(int keepAlive)
    {
        await using var client = await Client.ConnectAsync(keepAlive);
        await client.SayAsync(Ping);
        Assert.Equal("still there", await client.AskAsync("still there"));
        client.Pass(TimeSpan.FromSeconds(keepAlive) + Limits.StallMax - Second);
        await client.SayAsync(Client.Invocation("and now"));
        Assert.Contains("and now", await client.HearPastPingsAsync(), StringComparison.Ordinal);
        client.Pass(TimeSpan.FromSeconds(keepAlive) + Limits.StallMax + 4 * Second);
        Assert.Equal("{\"type\":7,\"allowReconnect\":true}\u001e", await client.HearPastPingsAsync());
    }

    [Fact]
    public async Task A_client_that_pings_is_kept_as_long_as_it_does()
    {
        await using var client = await Client.ConnectAsync();
        for (var i = 0; i < 10; i++)
        {
            client.Pass(14 * Second);
            await client.SayAsync(Ping);
            Assert.Equal(Ping, await client.HearAsync());
        }
        Assert.Equal("still there", await client.AskAsync("still there"));
    }

    [Fact]
    public async Task A_client_that_never_pings_is_kept()
    {
        await using var client = await Client.ConnectAsync();
        client.Pass(TimeSpan.FromMinutes(5));
        await client.SayAsync(Client.Invocation("still there"));
        Assert.Contains("still there", await client.HearPastPingsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_first_ping_the_hub_has_heard_itself_it_hears_all_pings()
    {
        var timeout = TimeSpan.FromSeconds(2);
        await using var client = await Client.ConnectAsync(hubTimeout: timeout);
        await client.SayAsync("{\"type\": 6}\u001e");
        for (
            var began = TimeProvider.System.GetTimestamp();
            TimeProvider.System.GetElapsedTime(began) < 1.5 * timeout;

        )
        {
            await client.SayAsync(Ping);
            // The hub uses the system's clock.
            client.Pass(4 * Second);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        await client.SayAsync(Client.Invocation("still there"));
        Assert.Contains("still there", await client.HearPastPingsAsync(), StringComparison.Ordinal);
    }

    private sealed class EchoHub : Hub
    {
        public string Echo(string text) => text;
    }

    /// <summary>A WebSocket's other end, over pipes.</summary>
    private sealed class Client : IAsyncDisposable
    {
        private readonly Pipe _toServer = new();
        private readonly Pipe _toClient = new();
        private readonly ServiceProvider _services;
        private readonly ConnectionHeartbeat _heart;
        private readonly Task _served;

        private Client(TimeSpan keepAlive, TimeSpan hubTimeout)
        {
            // At each keep-alive check the hub asks the system's clock whether a ping is due. With one tick it always
            // is.
            _services = new ServiceCollection()
                .AddLogging()
                .AddSignalR(hub =>
                {
                    hub.KeepAliveInterval = TimeSpan.FromTicks(1);
                    hub.ClientTimeoutInterval = hubTimeout;
                })
                .Services.BuildServiceProvider();
            _heart = new(Time, NullLogger<ConnectionHeartbeat>.Instance);
            var connection = new DefaultConnectionContext(
                "1",
                new Duplex(_toServer.Reader, _toClient.Writer),
                new Duplex(_toClient.Reader, _toServer.Writer)
            );
            _served = LiveSocket.RunAsync(
                connection,
                new ClaimsPrincipal(),
                keepAlive,
                _services.GetRequiredService<HubConnectionHandler<EchoHub>>(),
                _heart,
                Limits,
                Time
            );
        }

        public ManualTime Time { get; } = new();

        public static async Task<Client> ConnectAsync(int keepAlive = 15, TimeSpan? hubTimeout = null)
        {
            var client = new Client(TimeSpan.FromSeconds(keepAlive), hubTimeout ?? TimeSpan.FromDays(1));
            await client.SayAsync("{\"protocol\":\"json\",\"version\":1}\u001e");
            Assert.Equal("{}\u001e", await client.HearAsync());
            return client;
        }

        /// <summary>Advances by seconds, as the heartbeat does.</summary>
        public void Pass(TimeSpan time)
        {
            for (var passed = TimeSpan.Zero; passed < time; passed += Second)
                Time.Advance(Second);
        }

        public static string Invocation(string text) =>
            $$"""{"type":1,"invocationId":"1","target":"Echo","arguments":["{{text}}"]}""" + '\u001e';

        public async Task SayAsync(string text)
        {
            var payload = Encoding.UTF8.GetBytes(text);
            await _toServer.Writer.WriteAsync((byte[])[0x81, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]);
        }

        /// <summary>The hub's answer to a call, which must be the next message.</summary>
        public async Task<string?> AskAsync(string text)
        {
            await SayAsync(Invocation(text));
            return System
                .Text.Json.JsonDocument.Parse((await HearAsync()).TrimEnd('\u001e'))
                .RootElement.GetProperty("result")
                .GetString();
        }

        public async Task<string> HearPastPingsAsync()
        {
            while (true)
                if (await HearAsync() is var said && said != Ping)
                    return said;
        }

        /// <summary>The next message, once it is due: the hub owes no ping while it sends something else.</summary>
        public async Task<string> HearWhileTimePassesAsync()
        {
            var hearing = HearAsync();
            while (!hearing.IsCompleted)
            {
                Pass(Second);
                await Task.WhenAny(hearing, Task.Delay(10, TestContext.Current.CancellationToken));
            }
            return await hearing;
        }

        /// <summary>The next message.</summary>
        public async Task<string> HearAsync()
        {
            var read = await _toClient
                .Reader.ReadAtLeastAsync(2, TestContext.Current.CancellationToken)
                .AsTask()
                .WaitAsync(TimeSpan.FromSeconds(30));
            var length = read.Buffer.Slice(1, 1).FirstSpan[0];
            Assert.InRange(length, 1, 125);
            _toClient.Reader.AdvanceTo(read.Buffer.Start);
            read = await _toClient.Reader.ReadAtLeastAsync(2 + length, TestContext.Current.CancellationToken);
            var said = Encoding.UTF8.GetString(read.Buffer.Slice(2, length));
            _toClient.Reader.AdvanceTo(read.Buffer.GetPosition(2 + length));
            return said;
        }

        public async ValueTask DisposeAsync()
        {
            _toServer.Writer.Complete();
            await _served.WaitAsync(TimeSpan.FromSeconds(30));
            _heart.Dispose();
            await _services.DisposeAsync();
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
