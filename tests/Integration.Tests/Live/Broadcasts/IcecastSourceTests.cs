using System.Net;
using System.Text;
using Veza.Api.Live.Broadcasts;
using Veza.Media.Live;

namespace Veza.Integration.Tests.Live.Broadcasts;

public sealed class IcecastSourceTests : IAsyncLifetime
{
    private readonly Guid _id = Guid.CreateVersion7();
    private SourceHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await SourceHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private Mount Open(BroadcastFormat format) => _host.Mounts.Open(_id, format)!;

    private string Put(string headers = "", string type = "audio/mpeg") =>
        $"PUT /live/{_id} HTTP/1.1\r\nHost: here\r\n{RawConnection.Authorization()}Content-Type: {type}\r\n"
        + $"{headers}\r\n";

    private async Task<string> AnswerTo(string request)
    {
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync(request);
        return await connection.ReadToEndAsync();
    }

    [Theory]
    [InlineData(BroadcastFormat.Ogg, "libopus", "ogg", "application/ogg", "0")]
    [InlineData(BroadcastFormat.Ogg, "libvorbis", "ogg", "audio/ogg", "0")]
    [InlineData(BroadcastFormat.Mp3, "libmp3lame", "mp3", "audio/mpeg", "0")]
    [InlineData(BroadcastFormat.Mp3, "libmp3lame", "mp3", "audio/mpeg", "1")]
    public async Task A_listener_hears_the_broadcast_of_ffmpeg(
        BroadcastFormat format,
        string codec,
        string demuxer,
        string contentType,
        string legacy
    )
    {
        var mount = Open(format);
        var listening = await _host.ListenAsync(_id);
        await Ffmpeg.RunAsync(
            default,
            "-re",
            "-f",
            "lavfi",
            "-i",
            "sine=440:d=3",
            "-c:a",
            codec,
            "-f",
            demuxer,
            "-content_type",
            contentType,
            "-ice_name",
            "Night of tests",
            "-legacy_icecast",
            legacy,
            $"icecast://source:{Uri.EscapeDataString(SourceHost.Key)}@127.0.0.1:{_host.Port}/live/{_id}"
        );
        Assert.Equal("Night of tests", (await _host.Sources.Reader.ReadAsync()).Ice["ice-name"]);
        Assert.Equal(SourceEndReason.Closed, (await _host.Ends.Reader.ReadAsync()).Reason);
        Assert.Equal(MountState.Interrupted, mount.State);
        mount.End();
        // In its legacy mode ffmpeg closes without reading the answer, and TCP then drops the bytes under way.
        Assert.InRange(await Ffmpeg.SecondsAsync(await listening, demuxer), legacy == "1" ? 2 : 2.95, 3.2);
    }

    [Fact]
    public async Task A_chunked_body_is_heard_without_its_chunks()
    {
        var sound = await Ffmpeg.Mp3Async(5);
        var mount = Open(BroadcastFormat.Mp3);
        var listening = await _host.ListenAsync(_id);
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync(Put("Transfer-Encoding: chunked\r\n"));
        var random = new Random(4711);
        for (var at = 0; at < sound.Length; )
        {
            var length = Math.Min(random.Next(1, 5000), sound.Length - at);
            await connection.SendAsync([
                .. Encoding.ASCII.GetBytes($"{length:x};name=value\r\n"),
                .. sound.AsSpan(at, length),
                .. "\r\n"u8,
            ]);
            at += length;
        }
        await connection.SendAsync("0\r\nTrailer: yes\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK", await connection.ReadToEndAsync());
        Assert.Equal(SourceEndReason.Finished, (await _host.Ends.Reader.ReadAsync()).Reason);
        mount.End();
        Assert.Equal(sound, await listening);
    }

    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("fffffffff\r\n")]
    [InlineData("\r\n")]
    [InlineData("1\r\nab")]
    public async Task Malformed_chunks_end_the_source(string body)
    {
        Open(BroadcastFormat.Mp3);
        Assert.Equal("", await AnswerTo(Put("Transfer-Encoding: chunked\r\n") + body));
        Assert.Equal(SourceEndReason.BadStream, (await _host.Ends.Reader.ReadAsync()).Reason);
    }

    [Fact]
    public async Task A_head_that_comes_byte_by_byte_is_read_and_100_continue_is_answered()
    {
        Open(BroadcastFormat.Mp3);
        using var connection = await _host.ConnectAsync();
        foreach (var c in Put("Expect: 100-continue\r\nIce-Genre: House: deep\r\n"))
            await connection.SendAsync(c.ToString());
        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", await connection.ReadHeadAsync());
        Assert.Equal("House: deep", (await _host.Sources.Reader.ReadAsync()).Ice["ice-genre"]);
        connection.Finish();
        Assert.Equal("", await connection.ReadToEndAsync());
        Assert.Equal(SourceEndReason.Closed, (await _host.Ends.Reader.ReadAsync()).Reason);
    }

    [Fact]
    public async Task The_method_of_old_is_taken_with_the_sound_right_behind_the_head()
    {
        var sound = await Ffmpeg.Mp3Async(1);
        var mount = Open(BroadcastFormat.Mp3);
        var listening = await _host.ListenAsync(_id);
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync([
            .. Encoding.ASCII.GetBytes(
                $"SOURCE /live/{_id} ICE/1.0\r\n{RawConnection.Authorization()}content-type: audio/mpeg\r\n\r\n"
            ),
            .. sound,
        ]);
        Assert.StartsWith("HTTP/1.0 200 OK", await connection.ReadHeadAsync());
        connection.Finish();
        await _host.Ends.Reader.ReadAsync();
        mount.End();
        Assert.Equal(sound, await listening);
    }

    [Fact]
    public async Task Without_credentials_or_with_wrong_ones_it_is_401_with_a_challenge()
    {
        Open(BroadcastFormat.Mp3);
        var none = await AnswerTo($"PUT /live/{_id} HTTP/1.1\r\nContent-Type: audio/mpeg\r\n\r\n");
        var broken = await AnswerTo(
            $"PUT /live/{_id} HTTP/1.1\r\nAuthorization: Basic ???\r\nContent-Type: audio/mpeg\r\n\r\n"
        );
        var wrong = await AnswerTo(
            $"PUT /live/{_id} HTTP/1.1\r\n{RawConnection.Authorization("wrong")}Content-Type: audio/mpeg\r\n\r\n"
        );
        Assert.All([none, broken, wrong], answer =>
        {
            Assert.StartsWith("HTTP/1.1 401 Unauthorized\r\n", answer);
            Assert.Contains("\r\nWWW-Authenticate: Basic realm=\"Veza\"\r\n", answer);
        });
        Assert.EndsWith("wrong key\n", wrong);
        Assert.False(_host.Sources.Reader.TryRead(out _));
    }

    [Fact]
    public async Task An_unknown_mount_is_404_by_its_id_and_by_its_form()
    {
        Assert.StartsWith("HTTP/1.1 404 ", await AnswerTo(Put()));
        Assert.StartsWith(
            "HTTP/1.1 404 ",
            await AnswerTo($"PUT /live/../etc HTTP/1.1\r\n{RawConnection.Authorization()}\r\n")
        );
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("SOURCE")]
    public async Task A_source_whose_sound_a_proxy_drops_is_411(string method)
    {
        Open(BroadcastFormat.Mp3);
        var answer = await AnswerTo(
            Put("X-Forwarded-For: 198.51.100.7\r\n").Replace("PUT", method, StringComparison.Ordinal)
        );
        Assert.StartsWith("HTTP/1.1 411 Length Required\r\n", answer);
        Assert.EndsWith("a source behind a proxy sends Transfer-Encoding: chunked\n", answer);
    }

    [Fact]
    public async Task Another_type_of_content_is_415()
    {
        Open(BroadcastFormat.Ogg);
        Assert.EndsWith(
            "content type \"video/webm\" is not accepted; accepted are application/ogg, audio/ogg, audio/mpeg\n",
            await AnswerTo(Put(type: "video/webm"))
        );
        Assert.StartsWith("HTTP/1.1 415 ", await AnswerTo(Put(type: "audio/mpeg")));
    }

    [Fact]
    public async Task A_second_source_is_409_until_the_first_has_gone()
    {
        Open(BroadcastFormat.Mp3);
        using (var first = await _host.ConnectAsync())
        {
            await first.SendAsync(Put());
            Assert.StartsWith("HTTP/1.0 200 OK", await first.ReadHeadAsync());
            var second = await AnswerTo(Put());
            Assert.StartsWith("HTTP/1.1 409 Conflict\r\n", second);
            Assert.EndsWith("mount in use: another source is sending to this broadcast\n", second);
        }
        await _host.Ends.Reader.ReadAsync();
        using var again = await _host.ConnectAsync();
        await again.SendAsync(Put());
        Assert.StartsWith("HTTP/1.0 200 OK", await again.ReadHeadAsync());
    }

    [Fact]
    public async Task When_the_broadcast_ends_the_source_is_let_go()
    {
        var mount = Open(BroadcastFormat.Mp3);
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync(Put());
        Assert.StartsWith("HTTP/1.0 200 OK", await connection.ReadHeadAsync());
        mount.End();
        Assert.Equal("", await connection.ReadToEndAsync());
        Assert.Equal(SourceEndReason.BroadcastEnded, (await _host.Ends.Reader.ReadAsync()).Reason);
        Assert.StartsWith("HTTP/1.1 40", await AnswerTo(Put()));
    }

    [Fact]
    public async Task A_stream_that_is_not_what_it_was_called_ends_the_source_with_the_reason()
    {
        Open(BroadcastFormat.Ogg);
        var flac = await Ffmpeg.RunAsync(
            default,
            "-f",
            "lavfi",
            "-i",
            "sine=440:d=1",
            "-c:a",
            "flac",
            "-f",
            "ogg",
            "pipe:1"
        );
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync([.. Encoding.ASCII.GetBytes(Put(type: "application/ogg")), .. flac]);
        Assert.Equal(
            new SourceEnd(SourceEndReason.BadStream, "the Ogg stream is neither Opus nor Vorbis"),
            await _host.Ends.Reader.ReadAsync()
        );
    }

    [Fact]
    public async Task A_silent_source_counts_as_gone()
    {
        await using var host = await SourceHost.StartAsync(new() { IdleTimeLimit = TimeSpan.FromMilliseconds(100) });
        var mount = host.Mounts.Open(_id, BroadcastFormat.Mp3)!;
        using var connection = await host.ConnectAsync();
        await connection.SendAsync(Put());
        Assert.Equal(SourceEndReason.Idle, (await host.Ends.Reader.ReadAsync()).Reason);
        Assert.Equal(MountState.Interrupted, mount.State);
    }

    [Fact]
    public async Task A_head_that_never_ends_is_408_and_one_without_measure_431()
    {
        await using var host = await SourceHost.StartAsync(new() { HeadTimeLimit = TimeSpan.FromMilliseconds(200) });
        using var slow = await host.ConnectAsync();
        await slow.SendAsync("SOURCE /live/");
        Assert.StartsWith("HTTP/1.1 408 ", await slow.ReadToEndAsync());
        using var large = await _host.ConnectAsync();
        await large.SendAsync(Put("Ice-Name: " + new string('x', 16 * 1024))[..(16 * 1024 + 1)]);
        Assert.StartsWith("HTTP/1.1 431 ", await large.ReadHeadAsync());
    }

    [Fact]
    public async Task A_stopping_server_ends_the_source_and_does_not_wait_for_it()
    {
        Open(BroadcastFormat.Mp3);
        using var connection = await _host.ConnectAsync();
        await connection.SendAsync(Put());
        Assert.StartsWith("HTTP/1.0 200 OK", await connection.ReadHeadAsync());
        await _host.StopAsync();
        Assert.Equal(SourceEndReason.ServerStopping, (await _host.Ends.Reader.ReadAsync()).Reason);
    }

    [Fact]
    public async Task A_connection_that_has_said_nothing_is_handed_on_when_the_server_stops()
    {
        await using var host = await SourceHost.StartAsync(new() { HeadTimeLimit = TimeSpan.FromDays(1) });
        using var connection = await host.ConnectAsync();
        // Once a later connection is served, the earlier one has been accepted.
        using (var http = new HttpClient())
            await http.GetAsync($"http://127.0.0.1:{host.Port}/");
        // Throws when the host stopped waiting for connections to end.
        await host.StopAsync();
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Theory]
    [InlineData(
        "PUT /live/now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        "PUT /live/now hello"
    )]
    [InlineData(
        "PUT /livelihood HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        "PUT /livelihood hello"
    )]
    [InlineData(
        "POST /live/now HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
        "POST /live/now hello"
    )]
    public async Task Other_requests_reach_Kestrel_whole_however_they_arrive(string head, string echoed)
    {
        Assert.EndsWith(echoed, Unchunked(await AnswerTo(head + "hello")));
        using var connection = await _host.ConnectAsync();
        foreach (var c in head + "hello")
            await connection.SendAsync(c.ToString());
        Assert.EndsWith(echoed, Unchunked(await connection.ReadToEndAsync()));

        static string Unchunked(string answer) =>
            answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal) ? answer[..^7] : answer;
    }

    [Fact]
    public async Task One_connection_carries_many_ordinary_requests()
    {
        using var http = new HttpClient();
        for (var i = 0; i < 5; i++)
        {
            var response = await http.PostAsync($"http://127.0.0.1:{_host.Port}/{i}", new StringContent($"body {i}"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal($"POST /{i} body {i}", await response.Content.ReadAsStringAsync());
        }
    }
}
