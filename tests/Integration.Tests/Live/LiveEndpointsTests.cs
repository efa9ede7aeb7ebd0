using System.Net;
using System.Text.Json;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Appending;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Live;

public class LiveEndpointsTests(VezaServer server)
{
    [Fact]
    public async Task A_member_follows_a_channel_and_resumes_after_the_last_event()
    {
        var chat = await ChatSetting.CreateAsync(server);
        var after = server.Running.Log.Head;
        await SayAsync(chat, "one");
        var two = await SayAsync(chat, "two 🔥\n\"quoted\"");

        using var first = await EventSource.OpenAsync(
            chat.Member,
            $"/api/v1/live?topics=channel:{chat.Channel}&after={after}"
        );
        var items = await first.ItemsToAsync(two);
        Assert.Equal(
            ["one", "two 🔥\n\"quoted\""],
            items.Select(i => i.GetProperty("data").GetProperty("text").GetString())
        );
        // Other tests write meanwhile, so the position may lie after this channel's events but never before them.
        var (epoch, position) = (
            first.LastId!.Split(':')[0],
            long.Parse(first.LastId.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture)
        );
        Assert.Equal(server.Running.Log.Epoch, epoch);
        Assert.InRange(position, two, long.MaxValue);

        var three = await SayAsync(chat, "three");
        using var again = await EventSource.OpenAsync(
            chat.Member,
            $"/api/v1/live?topics=channel:{chat.Channel}",
            ("Last-Event-ID", first.LastId!)
        );
        Assert.Equal(
            "three",
            Assert.Single(await again.ItemsToAsync(three)).GetProperty("data").GetProperty("text").GetString()
        );
    }

    [Theory]
    [InlineData("14")]
    [InlineData("61")]
    [InlineData("-20")]
    [InlineData("soon")]
    [InlineData("")]
    public async Task A_socket_that_would_ping_too_often_or_too_seldom_is_refused(string keepAlive)
    {
        var member = await server.SharedAsync("member");
        var problem = await member
            .GetAsync(
                $"/hubs/live?keepAlive={keepAlive}&access_token={member.AccessToken}",
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            )
            .RefusedAsync(HttpStatusCode.BadRequest, "keep_alive_invalid");
        Assert.Equal(
            $"keepAlive is \"{keepAlive}\"; it must be a whole number of seconds, 15 to 60",
            problem.GetProperty("detail").GetString()
        );
    }

    [Fact]
    public async Task A_position_of_a_forked_history_gets_an_epoch_message()
    {
        var member = await server.SharedAsync("member");
        using var events = await EventSource.OpenAsync(
            member,
            "/api/v1/live?topics=chart:top",
            ("Last-Event-ID", "another-1:7")
        );
        var (kind, data) = await events.NextAsync();
        Assert.Equal("epochChanged", kind);
        Assert.Equal(server.Running.Log.Epoch, data.GetProperty("epoch").GetString());
    }

    [Fact]
    public async Task An_account_gets_an_event_when_it_follows_another()
    {
        var (fan, artist) = (await server.RegisterAsync("fan"), await server.RegisterAsync("artist"));
        using var events = await EventSource.OpenAsync(
            fan,
            $"/api/v1/live?topics=account:{fan.Id}&after={fan.Position}"
        );
        await fan.PutAsync($"/api/v1/accounts/{artist.Id}/followers/me").JsonAsync();
        Assert.Equal(
            "followStarted",
            Assert.Single(await events.ItemsToAsync(fan.Position)).GetProperty("type").GetString()
        );
    }

    [Fact]
    public async Task Signing_out_ends_what_is_followed()
    {
        var person = await server.RegisterAsync("leaver");
        using var events = await EventSource.OpenAsync(person, "/api/v1/live?topics=chart:top");
        await events.NextAsync();
        await person.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        for (var (kind, data) = await events.NextAsync(); ; (kind, data) = await events.NextAsync())
        {
            if (kind == "batch")
                continue;
            Assert.Equal(("closed", "session_ended"), (kind, data.GetProperty("reason").GetString()));
            break;
        }
    }

    [Fact]
    public async Task A_topic_without_access_is_refused()
    {
        var chat = await ChatSetting.CreateAsync(server);
        await chat
            .Stranger.GetAsync($"/api/v1/live?topics=channel:{chat.Channel}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await chat
            .Stranger.GetAsync($"/api/v1/live?topics=channel:{Guid.CreateVersion7()}")
            .RefusedAsync(HttpStatusCode.NotFound, "channel_unknown");
        await chat
            .Stranger.GetAsync($"/api/v1/live?topics=account:{chat.Owner.Id}")
            .RefusedAsync(HttpStatusCode.Forbidden, "not_own_account");
        await chat.Stranger.GetAsync("/api/v1/live?topics=log").RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
        await chat
            .Stranger.GetAsync("/api/v1/live?topics=nothing")
            .RefusedAsync(HttpStatusCode.BadRequest, "topic_invalid");
        await chat
            .Stranger.GetAsync("/api/v1/charts/best/live")
            .RefusedAsync(HttpStatusCode.BadRequest, "chart_invalid");
        await chat
            .Stranger.GetAsync("/api/v1/charts/top/live?span=year")
            .RefusedAsync(HttpStatusCode.BadRequest, "chart_invalid");
        await chat.Stranger.GetAsync("/api/v1/live").RefusedAsync(HttpStatusCode.BadRequest, "topics_missing");
        await chat
            .Stranger.GetAsync("/api/v1/live?topics=chart:top&after=-1")
            .RefusedAsync(HttpStatusCode.BadRequest, "position_invalid");
        await chat
            .Stranger.GetAsync("/api/v1/live?topics=chart:top&after=999999999")
            .RefusedAsync(HttpStatusCode.BadRequest, "position_ahead");
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await server.Anonymous.GetAsync("/api/v1/live?topics=chart:top")).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await server.Anonymous.PostAsync("/hubs/live/negotiate?negotiateVersion=1")).StatusCode
        );
    }

    [Fact]
    public async Task A_chart_is_followed_as_it_changes()
    {
        var genre = $"{Guid.CreateVersion7()}";
        var (owner, track) = (await server.RegisterAsync("artist"), Guid.CreateVersion7());
        using var events = await EventSource.OpenAsync(
            owner,
            $"/api/v1/charts/top/live?span=day&genre={genre.ToUpperInvariant()}"
        );
        var (kind, first) = await events.NextAsync();
        Assert.Equal("chart", kind);
        Assert.Empty(first.GetProperty("chart").Items());
        await AppendAsync(
            track,
            new TrackUploaded(
                track,
                owner.Id,
                "Ghost notes",
                genre,
                null,
                1000,
                new string('0', 64),
                3_000,
                "flac",
                44_100,
                2
            )
        );
        await AppendAsync(
            Guid.CreateVersion7(),
            new PlayCounted(
                Guid.CreateVersion7(),
                track,
                owner.Id,
                Guid.CreateVersion7(),
                Guid.CreateVersion7(),
                genre,
                1_500
            )
        );
        var (_, second) = await events.NextAsync();
        Assert.Equal(track, Assert.Single(second.GetProperty("chart").Items()).GetProperty("track").Id());
        Assert.True(second.GetProperty("position").GetInt64() > first.GetProperty("position").GetInt64());
        Assert.Null(events.LastId);
    }

    [Fact]
    public async Task A_chart_is_followed_over_the_hub()
    {
        var ada = await server.SharedAsync("ada");
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {ada.AccessToken}");
        await socket.ConnectAsync(
            new(server.Address.Replace("http", "ws", StringComparison.Ordinal) + "/hubs/live"),
            TestContext.Current.CancellationToken
        );
        await SayAsync("""{"protocol":"json","version":1}""");
        await SayAsync("""{"type":4,"invocationId":"1","target":"FollowChart","arguments":["trending","hour",null]}""");
        await SayAsync("""{"type":4,"invocationId":"2","target":"FollowChart","arguments":["best",null,null]}""");
        var heard = "";
        var buffer = new byte[1 << 16];
        while (
            !(
                heard.Contains("\"kind\":\"chart\"", StringComparison.Ordinal)
                && heard.Contains("chart_invalid: ", StringComparison.Ordinal)
            )
        )
        {
            var frame = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.WebSockets.WebSocketMessageType.Text, frame.MessageType);
            heard += System.Text.Encoding.UTF8.GetString(buffer, 0, frame.Count);
        }

        Task SayAsync(string json) =>
            socket.SendAsync(
                System.Text.Encoding.UTF8.GetBytes(json + "\u001e"),
                System.Net.WebSockets.WebSocketMessageType.Text,
                true,
                TestContext.Current.CancellationToken
            );
    }

    private async Task AppendAsync(Guid stream, object e) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await server.Running.Log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(stream, "test", 0, [e])], []))
        );

    private static async Task<long> SayAsync(ChatSetting chat, string text) =>
        (await chat.Owner.PostAsync(chat.Messages, new { text }).JsonAsync(HttpStatusCode.Created))
            .GetProperty("position")
            .GetInt64();

    /// <summary>Reads server-sent events as a browser does.</summary>
}
