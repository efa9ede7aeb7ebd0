using System.Net;
using Veza.Domain.Live.Broadcasts;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.Domain.Social.Follows;
using Veza.EventStore.Appending;
using Veza.Integration.Tests.Chat;
using Veza.Projections.AsOf;

namespace Veza.Integration.Tests.Replay;

public class AsOfTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task Every_read_that_can_be_asked_as_of_answers_as_it_did_then()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var (genre, track, show) = ($"{Guid.CreateVersion7()}", Guid.CreateVersion7(), Guid.CreateVersion7());
        var community = await ana.PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
            .JsonAsync(HttpStatusCode.Created);
        var channel = community.GetProperty("generalChannelId").GetGuid();
        await bo.PutAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
        var message = await SendAsync(ana, channel, "hello");
        await SendAsync(bo, channel, "hello yourself");
        await bo.PutAsync($"/api/v1/messages/{message}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        await AppendAsync(
            track,
            "track",
            new TrackUploaded(
                track,
                bo.Id,
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
            show,
            "broadcast",
            new BroadcastCreated(show, bo.Id, "Late show"),
            new BroadcastStarted(show, bo.Id, "audio/mpeg")
        );
        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        await ana.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.PostAsync($"/api/v1/tracks/{track}/comments", new { text = "this drop!", atMs = 1_000 })
            .JsonAsync(HttpStatusCode.Created);
        await PlayAsync(ana, bo, track, genre);

        string[] paths =
        [
            $"/api/v1/channels/{channel}/messages",
            $"/api/v1/messages/{message}",
            $"/api/v1/messages/{message}/edits",
            $"/api/v1/communities/{community.Id()}",
            $"/api/v1/communities/{community.Id()}/members",
            $"/api/v1/communities/{community.Id()}/channels",
            $"/api/v1/communities/{community.Id()}/roles",
            $"/api/v1/communities/{community.Id()}/members/{bo.Id}/permissions",
            $"/api/v1/channels/{channel}",
            $"/api/v1/channels/{channel}/overwrites",
            $"/api/v1/accounts/{bo.Id}",
            $"/api/v1/accounts/{bo.Id}/followers",
            $"/api/v1/accounts/{ana.Id}/following",
            $"/api/v1/accounts/{bo.Id}/tracks",
            $"/api/v1/tracks/{track}",
            $"/api/v1/tracks/{track}/comments",
            "/api/v1/feed",
            "/api/v1/history",
            $"/api/v1/charts/top?genre={genre}",
        ];
        Assert.Equal((await AskableAsync()).Order(), paths.Select(Template).Order());
        var position = ana.Position;
        var then = new Dictionary<string, string>();
        foreach (var path in paths)
            then[path] = await TextAsync(ana.GetAsync(path));

        await ana.PatchAsync($"/api/v1/messages/{message}", new { text = "hello there" }).JsonAsync();
        await SendAsync(bo, channel, "and another");
        await bo.DeleteAsync($"/api/v1/messages/{message}/reactions/{Uri.EscapeDataString("🔥")}").JsonAsync();
        await ana.PostAsync($"/api/v1/communities/{community.Id()}/channels", new { name = "second", kind = "text" })
            .JsonAsync(HttpStatusCode.Created);
        await ana.PutAsync($"/api/v1/channels/{channel}", new { name = "lounge" }).JsonAsync();
        await ana.PostAsync($"/api/v1/communities/{community.Id()}/roles", new { name = "crew" })
            .JsonAsync(HttpStatusCode.Created);
        await ana.PutAsync(
                $"/api/v1/channels/{channel}/overwrites/{community.Id()}",
                new
                {
                    target = "role",
                    allow = "0",
                    deny = "64",
                }
            )
            .JsonAsync();
        await bo.DeleteAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
        await ana.DeleteAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        await ana.DeleteAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.PostAsync($"/api/v1/tracks/{track}/comments", new { text = "and this one", atMs = 2_000 })
            .JsonAsync(HttpStatusCode.Created);
        await PlayAsync(ana, bo, track, genre);
        ana.SeeWhat(bo);

        foreach (var path in paths)
        {
            Assert.NotEqual(then[path], await TextAsync(ana.GetAsync(path)));
            var past = await ana.GetAsync(With(path, $"asOf={position}"));
            Assert.Equal(then[path], await TextAsync(Task.FromResult(past)));
            Assert.Equal($"{position}", past.Headers.GetValues("Veza-Position").Single());
        }
    }

    [Fact]
    public async Task A_time_means_the_last_position_at_or_before_it_and_pages_stay_at_that_position()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var sent = new List<Guid>();
        for (var i = 0; i < 5; i++)
            sent.Add(await chat.SendAsync(chat.Owner, $"message {i}"));
        var third = (await chat.Owner.GetAsync($"/api/v1/messages/{sent[2]}").JsonAsync());
        await chat.Owner.DeleteAsync($"/api/v1/messages/{sent[1]}").JsonAsync();

        var asked = Uri.EscapeDataString(third.GetProperty("sentAt").GetString()!);
        var first = await chat.Owner.GetAsync($"{chat.Messages}?limit=2&asOf={asked}");
        // Other tests' events of the same batch have the same time and come after the message.
        var position = await LastAtAsync(third.GetProperty("sentAt").GetDateTimeOffset());
        Assert.True(position >= third.GetProperty("position").GetInt64());
        Assert.Equal($"{position}", first.Headers.GetValues("Veza-Position").Single());
        Assert.Equal(
            third.GetProperty("sentAt").GetDateTimeOffset(),
            DateTimeOffset.Parse(
                first.Headers.GetValues("Veza-Moment").Single(),
                System.Globalization.CultureInfo.InvariantCulture
            )
        );
        var page = await first.JsonAsync();
        Assert.Equal([sent[2], sent[1]], page.Items().Select(m => m.Id()));
        Assert.Contains($"asOf={position}&", page.GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            [sent[0]],
            (await chat.Owner.GetAsync(page.GetProperty("next").GetString()!).JsonAsync()).Items().Select(m => m.Id())
        );
        var newer = await chat.Owner.GetAsync($"{chat.Messages}?limit=1&asOf={position}&after={sent[0]}").JsonAsync();
        Assert.Equal([sent[1]], newer.Items().Select(m => m.Id()));
        Assert.Equal(
            [sent[2]],
            (await chat.Owner.GetAsync(newer.GetProperty("next").GetString()!).JsonAsync()).Items().Select(m => m.Id())
        );
    }

    [Fact]
    public async Task The_text_of_a_message_deleted_since_is_for_operators_alone()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var (kept, gone) = (
            await chat.SendAsync(chat.Member, "for everybody"),
            await chat.SendAsync(chat.Member, "a secret that slipped out")
        );
        var position = chat.Member.Position;
        await chat.Member.DeleteAsync($"/api/v1/messages/{gone}").JsonAsync();
        var keeper = await veza.OperatorAsync();
        await keeper.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        keeper.SeeWhat(chat.Member);

        Assert.Equal(["", "for everybody"], await TextsAsync(chat.Member));
        Assert.Equal(["a secret that slipped out", "for everybody"], await TextsAsync(keeper));
        foreach (var path in new[] { $"/api/v1/messages/{gone}", $"/api/v1/messages/{gone}/edits" })
        {
            Assert.DoesNotContain(
                "secret",
                await TextAsync(chat.Member.GetAsync($"{path}?asOf={position}")),
                StringComparison.Ordinal
            );
            Assert.Contains(
                "secret",
                await TextAsync(keeper.GetAsync($"{path}?asOf={position}")),
                StringComparison.Ordinal
            );
        }

        async Task<IEnumerable<string?>> TextsAsync(Person reader) =>
            (await reader.GetAsync($"{chat.Messages}?asOf={position}").JsonAsync())
                .Items()
                .Select(m => m.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Access_is_decided_as_of_now()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await chat.SendAsync(chat.Member, "hello");
        var position = chat.Member.Position;
        await chat.Member.DeleteAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        await chat
            .Member.GetAsync($"{chat.Messages}?asOf={position}")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
        await veza
            .Anonymous.GetAsync($"{chat.Messages}?asOf={position}")
            .RefusedAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task A_thing_that_did_not_exist_yet_is_unknown()
    {
        var before = veza.Running.Log.Head;
        var chat = await ChatSetting.CreateAsync(veza);
        var message = await chat.SendAsync(chat.Owner, "hello");
        var newcomer = await veza.RegisterAsync("newcomer");
        foreach (
            var (path, code) in new[]
            {
                (chat.Messages, "channel_unknown"),
                ($"/api/v1/messages/{message}", "message_unknown"),
                ($"/api/v1/communities/{chat.Community}", "community_unknown"),
                ($"/api/v1/communities/{chat.Community}/members", "community_unknown"),
                ($"/api/v1/accounts/{newcomer.Id}", "account_unknown"),
                ($"/api/v1/accounts/{newcomer.Id}/followers", "account_unknown"),
                ($"/api/v1/tracks/{Guid.CreateVersion7()}", "track_unknown"),
            }
        )
            await chat.Owner.GetAsync($"{path}?asOf={before}").RefusedAsync(HttpStatusCode.NotFound, code);
        // Concurrent tests share the owner, and with it the owner's newest position.
        var sent = (await chat.Owner.GetAsync($"/api/v1/messages/{message}").JsonAsync())
            .GetProperty("position")
            .GetInt64();
        await chat
            .Owner.GetAsync($"{chat.Messages}?before={message}&asOf={sent - 1}")
            .RefusedAsync(HttpStatusCode.NotFound, "message_unknown");
        await chat.Owner.GetAsync($"{chat.Messages}?before={message}&asOf={sent}").JsonAsync();
    }

    [Theory]
    [InlineData(
        "",
        "invalid",
        "asOf is \"\"; it must be a position, 1 or more, or a time such as 2026-01-31T12:00:00Z"
    )]
    [InlineData("zork", "invalid", "asOf is \"zork\"; it must be")]
    [InlineData("0", "invalid", "asOf is \"0\"; it must be a position, 1 or more")]
    [InlineData("-1", "invalid", "asOf is \"-1\"; it must be")]
    [InlineData("2026-02-30T00:00:00Z", "invalid", "asOf is \"2026-02-30T00:00:00Z\"; it must be")]
    [InlineData("9223372036854775807", "position_ahead", "asOf is 9223372036854775807; the log's head is ")]
    [InlineData("9999-12-31T23:59:59Z", "position_ahead", "asOf is 9999-12-31T23:59:59.0000000+00:00; it is ")]
    [InlineData(
        "2001-01-01T00:00:00%2B02:00",
        "position_invalid",
        "asOf is 2000-12-31T22:00:00.0000000+00:00; the log's first event is later"
    )]
    public async Task An_invalid_position_of_the_log_is_refused_with_the_value_and_the_limit(
        string asOf,
        string code,
        string detail
    )
    {
        var ana = await veza.SharedAsync("ana");
        await veza.Scenario(ana, _ =>
        {
            _.Get.Url($"/api/v1/feed?asOf={asOf}");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, code, more: problem =>
                Assert.StartsWith(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal)
            );
        });
    }

    [Fact]
    public async Task An_answer_that_rests_on_too_many_events_is_refused_while_a_page_of_it_is_not()
    {
        var star = await veza.RegisterAsync("star");
        for (var done = 0; done <= PointInTime.EventsMax; done += 1000)
            await AppendAsync(
                Guid.CreateVersion7(),
                "follow",
                [.. Enumerable.Range(0, 1000).Select(_ => new FollowStarted(Guid.CreateVersion7(), star.Id))]
            );
        var position = veza.Running.Log.Head;
        var problem = await star.GetAsync($"/api/v1/accounts/{star.Id}?asOf={position}", ("Veza-After", $"{position}"))
            .RefusedAsync(HttpStatusCode.UnprocessableEntity, "past_too_long");
        Assert.StartsWith(
            $"asOf is {position}; this rests on more than 50,000 events",
            problem.GetProperty("detail").GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal(
            20,
            (await star.GetAsync($"/api/v1/accounts/{star.Id}/followers?limit=20&asOf={position}").JsonAsync())
                .Items()
                .Length
        );
    }

    private async Task<long> LastAtAsync(DateTimeOffset time)
    {
        await using var command = veza.Running.Log.Database.CreateCommand(
            "select max(seq_id) from log.mt_events where timestamp <= $1"
        );
        command.Parameters.AddWithValue(time.ToUniversalTime());
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The paths that have the parameter in the OpenAPI document.</summary>
    private async Task<IEnumerable<string>> AskableAsync()
    {
        var document = await veza.Anonymous.GetAsync("/openapi/v1.json").JsonAsync();
        return document
            .GetProperty("paths")
            .EnumerateObject()
            .Where(p =>
                p.Value.TryGetProperty("get", out var get)
                && get.TryGetProperty("parameters", out var takes)
                && takes.EnumerateArray().Any(t => t.GetProperty("name").GetString() == "asOf")
            )
            .Select(p => Template(p.Name));
    }

    /// <summary>A path whose parameters have no names.</summary>
    private static string Template(string path) =>
        string.Join(
            '/',
            path.Split('?')[0]
                .Split('/')
                .Select(part => Guid.TryParse(part, out _) || part.StartsWith('{') || part == "top" ? "*" : part)
        );

    private static string With(string path, string query) =>
        path + (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + query;

    /// <summary>
    /// The answer without a chart's hours: at present these come from the clock, and an hour may begin at any time.
    /// </summary>
    private static async Task<string> TextAsync(Task<HttpResponseMessage> answer)
    {
        var json = await answer.JsonAsync();
        return json.TryGetProperty("until", out _) ? json.GetProperty("items").GetRawText() : json.GetRawText();
    }

    private static async Task<Guid> SendAsync(Person by, Guid channel, string text) =>
        (
            await by.PostAsync($"/api/v1/channels/{channel}/messages", new { text }).JsonAsync(HttpStatusCode.Created)
        ).Id();

    private async Task PlayAsync(Person listener, Person owner, Guid track, string genre)
    {
        var (play, session) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await AppendAsync(
            play,
            "play",
            new PlayStarted(play, track, owner.Id, listener.Id, session, 3_000, DateTimeOffset.UnixEpoch)
        );
        var counted = await AppendAsync(
            CountedListen.StreamId(listener.Id, track, session),
            "hearing",
            new PlayCounted(play, track, owner.Id, listener.Id, session, genre, 2_000)
        );
        // The listener's later reads wait for it.
        listener.SeeUpTo(counted);
    }

    private async Task<long> AppendAsync(Guid stream, string streamType, params object[] events) =>
        Assert
            .IsType<AppendOutcome.Accepted>(
                await veza.Running.Log.Appender.AppendAsync(
                    new(Guid.CreateVersion7(), [new(stream, streamType, 0, events)], [])
                )
            )
            .Position;
}
