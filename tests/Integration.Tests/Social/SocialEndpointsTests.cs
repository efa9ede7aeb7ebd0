using System.Net;
using System.Text.Json;
using Veza.Domain.Live.Broadcasts;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Appending;

namespace Veza.Integration.Tests.Social;

public class SocialEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task Followers_are_listed_in_pages()
    {
        var (ana, bo, cleo) = (
            await veza.RegisterAsync("ana"),
            await veza.RegisterAsync("bo"),
            await veza.RegisterAsync("cleo")
        );
        var followed = await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        Assert.Equal((bo.Id, 1), (followed.Id(), followed.GetProperty("version").GetInt64()));
        await cleo.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();

        var first = await cleo.GetAsync($"/api/v1/accounts/{bo.Id}/followers?limit=1").JsonAsync();
        var newest = Assert.Single(first.Items());
        Assert.Equal(
            (cleo.Id, cleo.UserName),
            (newest.GetProperty("account").Id(), newest.GetProperty("account").GetProperty("userName").GetString())
        );
        Assert.True(newest.TryGetProperty("since", out _));
        var second = await cleo.GetAsync(first.GetProperty("next").GetString()!).JsonAsync();
        Assert.Equal(ana.Id, Assert.Single(second.Items()).GetProperty("account").Id());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);

        Assert.Equal(
            bo.Id,
            Assert
                .Single((await cleo.GetAsync($"/api/v1/accounts/{cleo.Id}/following").JsonAsync()).Items())
                .GetProperty("account")
                .Id()
        );
        await cleo.DeleteAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        Assert.Empty((await cleo.GetAsync($"/api/v1/accounts/{cleo.Id}/following").JsonAsync()).Items());
    }

    [Fact]
    public async Task Following_is_refused_where_it_makes_no_sense()
    {
        var ana = await veza.RegisterAsync("ana");
        await veza.Scenario(ana, _ =>
        {
            _.Put.Url($"/api/v1/accounts/{ana.Id}/followers/me");
            _.ShouldBeRefused(HttpStatusCode.Conflict, "cannot_follow_self");
        });
        await veza.Scenario(ana, _ =>
        {
            _.Put.Url($"/api/v1/accounts/{Guid.CreateVersion7()}/followers/me");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "account_unknown");
        });
        await veza.Scenario(ana, _ =>
        {
            _.Get.Url($"/api/v1/accounts/{Guid.CreateVersion7()}/followers");
            _.ShouldBeRefused(HttpStatusCode.NotFound, "account_unknown");
        });
    }

    [Fact]
    public async Task A_feed_says_what_happened_and_why_it_is_there()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var track = await UploadAsync(bo, "Dub");
        var show = Guid.CreateVersion7();
        await AppendAsync(
            show,
            "broadcast",
            new BroadcastCreated(show, bo.Id, "Late show"),
            new BroadcastStarted(show, bo.Id, "audio/mpeg")
        );
        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();

        var feed = (await ana.GetAsync("/api/v1/feed").JsonAsync()).Items();
        Assert.Equal(["broadcast", "upload"], feed.Select(e => e.GetProperty("kind").GetString()));
        Assert.All(feed, e =>
            Assert.Equal(
                (bo.Id, $"You follow {bo.UserName}"),
                (e.GetProperty("actor").Id(), e.GetProperty("reason").GetString())
            )
        );
        Assert.Equal(
            (show, "Late show"),
            (feed[0].GetProperty("broadcast").Id(), feed[0].GetProperty("broadcast").GetProperty("title").GetString())
        );
        Assert.Equal(
            (track, bo.Id, 3_000),
            (
                feed[1].GetProperty("track").Id(),
                feed[1].GetProperty("track").GetProperty("owner").Id(),
                feed[1].GetProperty("track").GetProperty("durationMs").GetInt32()
            )
        );
    }

    [Fact]
    public async Task A_play_is_counted_and_shows_in_history_and_charts()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var genre = $"{Guid.CreateVersion7()}";
        var track = await UploadAsync(bo, genre);
        var play = (await ana.PostAsync($"/api/v1/tracks/{track}/plays").JsonAsync(HttpStatusCode.Created)).Id();
        // An hour, which cannot have passed since the play began.
        await ana.PutAsync($"/api/v1/plays/{play}", new { heardMs = 3_600_000, positionMs = 0 })
            .RefusedAsync(HttpStatusCode.Conflict, "heard_too_fast");
        await bo.PutAsync($"/api/v1/plays/{play}", new { heardMs = 0, positionMs = 0 })
            .RefusedAsync(HttpStatusCode.Forbidden, "not_the_listener");
        await ana.PutAsync($"/api/v1/plays/{play}", new { heardMs = -1, positionMs = 0 })
            .RefusedAsync(HttpStatusCode.BadRequest, "invalid");

        // The track lasts 3 s and the clock has a tolerance of 2 s, so half of it may be reported immediately.
        Assert.False(await CountedAsync(ana, play, 1_000, "first"));
        Assert.True(await CountedAsync(ana, play, 1_500));
        Assert.True(await CountedAsync(ana, play, 1_500));
        // A request under a used idempotency key gets the first answer, although things have changed since.
        Assert.False(await CountedAsync(ana, play, 1_000, "first"));

        var entry = Assert.Single((await ana.GetAsync("/api/v1/history").JsonAsync()).Items());
        Assert.Equal(
            (play, track, 1_500, true),
            (
                entry.GetProperty("playId").GetGuid(),
                entry.GetProperty("track").Id(),
                entry.GetProperty("heardMs").GetInt64(),
                entry.GetProperty("counted").GetBoolean()
            )
        );

        foreach (var chart in new[] { "top", "Trending" })
        {
            var ranked = Assert.Single(
                (
                    await ana.GetAsync($"/api/v1/charts/{chart}?span=hour&genre={genre.ToUpperInvariant()}").JsonAsync()
                ).Items()
            );
            Assert.Equal(
                (1, track, genre, 1),
                (
                    ranked.GetProperty("rank").GetInt32(),
                    ranked.GetProperty("track").Id(),
                    ranked.GetProperty("track").GetProperty("genre").GetString(),
                    ranked.GetProperty("plays").GetInt32()
                )
            );
            Assert.InRange(ranked.GetProperty("score").GetDouble(), 0.25, 1);
        }
    }

    [Fact]
    public async Task A_track_and_an_account_show_what_the_reader_did_now_and_then()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var track = await UploadAsync(bo, "Dub");
        ana.SeeUpTo(veza.Running.Log.Head);
        Assert.Equal((false, false, false), await DidAsync(""));
        await ana.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        var liked = ana.Position;
        await ana.DeleteAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.PutAsync($"/api/v1/tracks/{track}/reposts/me").JsonAsync();

        Assert.Equal((false, true, true), await DidAsync(""));
        Assert.Equal((true, false, true), await DidAsync($"?asOf={liked}"));
        bo.SeeWhat(ana);
        var owners = await bo.GetAsync($"/api/v1/tracks/{track}").JsonAsync();
        Assert.False(owners.GetProperty("reposted").GetBoolean());

        async Task<(bool Liked, bool Reposted, bool Followed)> DidAsync(string query)
        {
            var found = await ana.GetAsync($"/api/v1/tracks/{track}{query}").JsonAsync();
            var owner = await ana.GetAsync($"/api/v1/accounts/{bo.Id}{query}").JsonAsync();
            return (
                found.GetProperty("liked").GetBoolean(),
                found.GetProperty("reposted").GetBoolean(),
                owner.GetProperty("followed").GetBoolean()
            );
        }
    }

    [Fact]
    public async Task The_tracks_of_an_account_are_listed_in_pages_now_and_then()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var first = await UploadAsync(bo, "Dub");
        var failed = await UploadAsync(bo, "Dub", new TrackProcessingFailed(Guid.Empty, bo.Id, "not audio"));
        var second = await UploadAsync(bo, "Dub");
        var before = veza.Running.Log.Head;
        var third = await UploadAsync(bo, "Dub");
        ana.SeeUpTo(veza.Running.Log.Head);
        bo.SeeUpTo(veza.Running.Log.Head);
        await ana.PutAsync($"/api/v1/tracks/{second}/likes/me").JsonAsync();

        Assert.Equal([third, second, first], await ListAsync(ana, ""));
        Assert.Equal([third, second, failed, first], await ListAsync(bo, ""));
        Assert.Equal([second, first], await ListAsync(ana, $"&asOf={before}"));
        Assert.Equal([second, failed, first], await ListAsync(bo, $"&asOf={before}"));
        var listed = (await ana.GetAsync($"/api/v1/accounts/{bo.Id}/tracks").JsonAsync()).Items();
        Assert.Equal([false, true, false], listed.Select(t => t.GetProperty("liked").GetBoolean()));
        Assert.Equal([0, 1, 0], listed.Select(t => t.GetProperty("likes").GetInt32()));
        await ana.GetAsync($"/api/v1/accounts/{Guid.CreateVersion7()}/tracks")
            .RefusedAsync(HttpStatusCode.NotFound, "account_unknown");

        async Task<List<Guid>> ListAsync(Person reader, string query)
        {
            var ids = new List<Guid>();
            var next = $"/api/v1/accounts/{bo.Id}/tracks?limit=2{query}";
            while (next is not null)
            {
                var page = await reader.GetAsync(next).JsonAsync();
                ids.AddRange(page.Items().Select(t => t.Id()));
                next = page.GetProperty("next").GetString();
            }
            return ids;
        }
    }

    [Fact]
    public async Task The_tracks_an_account_likes_are_listed_in_pages_the_latest_like_first()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var (first, second) = (await UploadAsync(bo, "Dub"), await UploadAsync(bo, "Dub"));
        var failed = await UploadAsync(bo, "Dub", new TrackProcessingFailed(Guid.Empty, bo.Id, "not audio"));
        foreach (var track in new[] { second, failed, first })
            await ana.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        bo.SeeWhat(ana);
        var page = await bo.GetAsync($"/api/v1/accounts/{ana.Id}/likes?limit=1").JsonAsync();
        Assert.Equal(first, Assert.Single(page.Items()).GetProperty("track").Id());
        page = await bo.GetAsync(page.GetProperty("next").GetString()!).JsonAsync();
        var liked = Assert.Single(page.Items());
        Assert.Equal(
            (second, bo.UserName),
            (
                liked.GetProperty("track").Id(),
                liked.GetProperty("track").GetProperty("owner").GetProperty("userName").GetString()
            )
        );
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
        await ana.DeleteAsync($"/api/v1/tracks/{second}/likes/me").JsonAsync();
        await ana.DeleteAsync($"/api/v1/tracks/{first}/likes/me").JsonAsync();
        Assert.Empty((await ana.GetAsync($"/api/v1/accounts/{ana.Id}/likes").JsonAsync()).Items());
        await ana.GetAsync($"/api/v1/accounts/{Guid.CreateVersion7()}/likes")
            .RefusedAsync(HttpStatusCode.NotFound, "account_unknown");
    }

    [Theory]
    [InlineData("best", "top, trending")]
    [InlineData("0", "top, trending")]
    [InlineData("top?span=year", "hour, day, week, all")]
    [InlineData("top?limit=101", "1 to 100")]
    public async Task A_request_for_an_unknown_chart_is_refused_with_the_list_of_charts(string chart, string allowed)
    {
        await veza.Scenario(await veza.SharedAsync("ana"), _ =>
        {
            _.Get.Url($"/api/v1/charts/{chart}");
            _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", detail: allowed);
        });
    }

    private static async Task<bool> CountedAsync(
        Person listener,
        Guid play,
        long heardMs,
        string? idempotencyKey = null
    )
    {
        var headers = idempotencyKey is null ? [] : new[] { ("Idempotency-Key", idempotencyKey) };
        var answer = await listener
            .PutAsync($"/api/v1/plays/{play}", new { heardMs, positionMs = heardMs }, headers)
            .JsonAsync();
        Assert.Equal(play, answer.Id());
        return answer.GetProperty("counted").GetBoolean();
    }

    /// <summary>A track of three seconds; other tests cover uploads.</summary>
    private async Task<Guid> UploadAsync(Person owner, string genre, TrackProcessingFailed? failure = null)
    {
        var id = Guid.CreateVersion7();
        var uploaded = new TrackUploaded(
            id,
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
        );
        object[] events = failure is null ? [uploaded] : [uploaded, failure with { TrackId = id }];
        await AppendAsync(id, "track", events);
        return id;
    }

    private async Task AppendAsync(Guid stream, string streamType, params object[] events) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await veza.Running.Log.Appender.AppendAsync(
                new(Guid.CreateVersion7(), [new(stream, streamType, 0, events)], [])
            )
        );
}
