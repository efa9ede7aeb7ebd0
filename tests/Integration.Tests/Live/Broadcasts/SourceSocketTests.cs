using System.Net;
using Veza.Api.Live.Broadcasts;
using Veza.Media.Live;

namespace Veza.Integration.Tests.Live.Broadcasts;

/// <summary>A browser as a source: the protocol of its WebSocket.</summary>
public sealed class SourceSocketTests : IAsyncLifetime
{
    private const string WebM = "audio/webm;codecs=opus";

    private readonly Guid _id = Guid.CreateVersion7();
    private SourceHost _host = null!;

    private string Address => $"http://127.0.0.1:{_host.Port}";

    public async ValueTask InitializeAsync() => _host = await SourceHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private Mount Open(BroadcastFormat format = BroadcastFormat.Ogg) => _host.Mounts.Open(_id, format)!;

    private Task<SourceClient> SayAsync(string contentType = WebM, string key = SourceHost.Key, Guid? id = null) =>
        SourceClient.SayAsync(Address, id ?? _id, key, contentType);

    private async Task<SourceClient> AcceptedAsync(string contentType = WebM)
    {
        var client = await SayAsync(contentType);
        await client.AcceptedAsync();
        return client;
    }

    private static Task<byte[]> OpusAsync(string container, int seconds) =>
        Ffmpeg.RunAsync(
            default,
            "-f",
            "lavfi",
            "-i",
            $"sine=440:d={seconds}",
            "-c:a",
            "libopus",
            "-f",
            container,
            "pipe:1"
        );

    [Theory]
    [InlineData("webm", WebM)]
    [InlineData("webm", "video/webm")]
    [InlineData("ogg", "audio/ogg;codecs=opus")]
    public async Task A_listener_hears_the_recording_of_a_browser(string container, string contentType)
    {
        var sound = await OpusAsync(container, 5);
        var mount = Open();
        var listening = await _host.ListenAsync(_id);
        using var source = await AcceptedAsync(contentType);
        var random = new Random(4711);
        for (var at = 0; at < sound.Length; )
        {
            var length = Math.Min(random.Next(1, 40_000), sound.Length - at);
            await source.SendAsync(sound.AsMemory(at, length));
            at += length;
        }
        await source.FinishAsync();
        Assert.Equal(
            new SourceEnd(SourceEndReason.Finished, "the source finished"),
            await _host.Ends.Reader.ReadAsync()
        );
        Assert.Equal(MountState.Interrupted, mount.State);
        mount.End();
        Assert.InRange(await Ffmpeg.SecondsAsync(await listening, "ogg"), 4.99, 5.03);
    }

    [Fact]
    public async Task A_request_that_is_no_WebSocket_is_refused()
    {
        using var http = new HttpClient();
        var answer = await http.GetAsync($"{Address}/live/{_id}/source");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("/problems/websocket_required", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("{}")]
    [InlineData("""{"key":null,"contentType":"audio/webm"}""")]
    [InlineData("""[[["deep"]]]""")]
    public async Task A_first_message_that_is_not_a_greeting_is_4400(string message)
    {
        Open();
        using var source = await SourceClient.ConnectAsync(Address, _id);
        await source.SendAsync(message);
        Assert.Equal((4400, SourceHello.Expected), await source.ClosedAsync());
    }

    [Fact]
    public async Task A_greeting_that_is_binary_or_too_long_is_4400()
    {
        Open();
        using var binary = await SourceClient.ConnectAsync(Address, _id);
        await binary.SendAsync("{}"u8.ToArray());
        Assert.Equal(4400, (await binary.ClosedAsync()).Code);
        using var large = await SourceClient.ConnectAsync(Address, _id);
        await large.SendAsync(new string(' ', SourceSocket.HelloBytesMax + 1));
        Assert.Equal(4400, (await large.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_wrong_key_an_unknown_broadcast_and_another_type_are_refused_with_the_status()
    {
        Open();
        using var wrong = await SayAsync(key: "guess");
        Assert.Equal((4401, "wrong key"), await wrong.ClosedAsync());
        using var unknown = await SayAsync(id: Guid.CreateVersion7());
        Assert.Equal((4404, "no such broadcast"), await unknown.ClosedAsync());
        using var safari = await SayAsync("audio/mp4");
        Assert.Equal(
            (4415, "accepted are audio/webm, application/ogg, audio/ogg, audio/mpeg; not \"audio/mp4\""),
            await safari.ClosedAsync()
        );
        using var mp3 = await SayAsync("audio/mpeg");
        Assert.Equal((4415, "this broadcast began as application/ogg and must stay that"), await mp3.ClosedAsync());
        using var wide = await SayAsync(new string('é', 100));
        Assert.Equal(4415, (await wide.ClosedAsync()).Code);
        Assert.False(_host.Sources.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_second_source_is_4409_until_the_first_has_gone()
    {
        Open();
        using (await AcceptedAsync())
        {
            using var second = await SayAsync();
            Assert.Equal(
                (4409, "mount in use: another source is sending to this broadcast"),
                await second.ClosedAsync()
            );
        }
        Assert.Equal(SourceEndReason.Closed, (await _host.Ends.Reader.ReadAsync()).Reason);
        using var again = await AcceptedAsync();
    }

    [Fact]
    public async Task When_the_broadcast_ends_the_source_is_let_go_even_if_it_sends_on()
    {
        var mount = Open();
        using var source = await AcceptedAsync();
        var sound = await OpusAsync("webm", 2);
        await source.SendAsync(sound);
        mount.End();
        for (var i = 0; i < 20; i++)
            await source.SendAsync(sound);
        Assert.Equal((1000, "the broadcast has ended"), await source.ClosedAsync());
        Assert.Equal(SourceEndReason.BroadcastEnded, (await _host.Ends.Reader.ReadAsync()).Reason);
        using var again = await SayAsync();
        Assert.InRange((await again.ClosedAsync()).Code, 4404, 4409);
    }

    [Fact]
    public async Task A_stream_that_is_no_recording_is_4422_with_the_reason()
    {
        Open();
        using var source = await AcceptedAsync();
        await source.SendAsync(await OpusAsync("ogg", 1));
        Assert.Equal((4422, "the stream does not begin as WebM"), await source.ClosedAsync());
        Assert.Equal(
            new SourceEnd(SourceEndReason.BadStream, "the stream does not begin as WebM"),
            await _host.Ends.Reader.ReadAsync()
        );
    }

    [Fact]
    public async Task A_text_among_the_sound_is_4422()
    {
        Open();
        using var source = await AcceptedAsync();
        await source.SendAsync("a title?");
        Assert.Equal((4422, "only the first message is text; sound is binary"), await source.ClosedAsync());
    }

    [Fact]
    public async Task A_silent_source_counts_as_gone_and_hears_why()
    {
        await using var host = await SourceHost.StartAsync(new() { IdleTimeLimit = TimeSpan.FromMilliseconds(100) });
        var mount = host.Mounts.Open(_id, BroadcastFormat.Ogg)!;
        using var source = await SourceClient.SayAsync($"http://127.0.0.1:{host.Port}", _id, SourceHost.Key, WebM);
        await source.AcceptedAsync();
        Assert.Equal(4408, (await source.ClosedAsync()).Code);
        Assert.Equal(SourceEndReason.Idle, (await host.Ends.Reader.ReadAsync()).Reason);
        Assert.Equal(MountState.Interrupted, mount.State);
    }

    [Fact]
    public async Task A_connection_without_a_first_message_is_4408()
    {
        await using var host = await SourceHost.StartAsync(new() { HeadTimeLimit = TimeSpan.FromMilliseconds(100) });
        using var source = await SourceClient.ConnectAsync($"http://127.0.0.1:{host.Port}", _id);
        Assert.Equal(4408, (await source.ClosedAsync()).Code);
    }

    [Fact]
    public async Task A_stopping_server_ends_the_source_and_does_not_wait_for_it()
    {
        Open();
        using var source = await AcceptedAsync();
        var stopping = _host.StopAsync();
        Assert.Equal((1001, "the server is stopping"), await source.ClosedAsync());
        await stopping;
        Assert.Equal(SourceEndReason.ServerStopping, (await _host.Ends.Reader.ReadAsync()).Reason);
    }

    [Fact]
    public async Task Noise_in_any_message_ends_in_a_close_frame_and_leaves_the_mount_to_the_next()
    {
        Open();
        var random = new Random(4711);
        var webm = await OpusAsync("webm", 2);
        for (var i = 0; i < 30; i++)
        {
            using var source = await AcceptedAsync();
            var spoiled = (byte[])webm.Clone();
            random.NextBytes(spoiled.AsSpan(random.Next(spoiled.Length / 2), spoiled.Length / 2));
            await source.SendAsync(spoiled);
            // Longer than any element may be, so that the framer has come to the noise.
            await source.SendAsync(new byte[2 * 1024 * 1024]);
            Assert.Equal(4422, (await source.ClosedAsync()).Code);
            Assert.Equal(SourceEndReason.BadStream, (await _host.Ends.Reader.ReadAsync()).Reason);
        }
        using var good = await AcceptedAsync();
    }
}
