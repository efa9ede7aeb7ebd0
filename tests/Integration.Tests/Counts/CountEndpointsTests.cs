using System.Net;
using System.Text.Json;
using Veza.Domain.Music.Listening;
using Veza.Domain.Music.Tracks;
using Veza.EventStore.Appending;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Counts;

public class CountEndpointsTests(VezaEndpoints veza) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task The_events_of_a_number_are_listed_in_pages_and_add_up_to_it()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var track = await UploadAsync(bo);
        await ana.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.DeleteAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ana.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();

        var listed = new List<JsonElement>();
        for (var path = $"/api/v1/tracks/{track}/counts/likes/events?limit=2"; path is not null; )
        {
            var page = await ana.GetAsync(path).JsonAsync();
            listed.AddRange(page.Items());
            path = page.GetProperty("next").GetString();
        }
        Assert.Equal(
            [("track_liked", 1), ("track_unliked", -1), ("track_liked", 1)],
            listed.Select(e => (e.GetProperty("type").GetString()!, e.GetProperty("change").GetInt32()))
        );
        Assert.All(listed, e => Assert.Equal(ana.Id, e.GetProperty("accountId").GetGuid()));
        Assert.Equal(1, (await ana.GetAsync($"/api/v1/tracks/{track}").JsonAsync()).GetProperty("likes").GetInt32());

        await ana.PutAsync($"/api/v1/accounts/{bo.Id}/followers/me").JsonAsync();
        Assert.Equal(
            ana.Id,
            Assert
                .Single((await ana.GetAsync($"/api/v1/accounts/{bo.Id}/counts/followers/events").JsonAsync()).Items())
                .GetProperty("accountId")
                .GetGuid()
        );
    }

    [Fact]
    public async Task A_charts_plays_are_those_between_its_times_and_do_not_say_whose_they_are()
    {
        var (ana, bo) = (await veza.RegisterAsync("ana"), await veza.RegisterAsync("bo"));
        var genre = $"{Guid.CreateVersion7()}";
        var track = await UploadAsync(bo, genre);
        await PlayAsync(track, bo, genre);
        await PlayAsync(track, bo, genre);
        var after = ("Veza-After", veza.Running.Log.Head.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var chart = await ana.GetAsync($"/api/v1/charts/top?span=day&genre={genre}", after).JsonAsync();
        var (since, until) = (
            Uri.EscapeDataString(chart.GetProperty("since").GetString()!),
            Uri.EscapeDataString(chart.GetProperty("until").GetString()!)
        );
        var events = (
            await ana.GetAsync($"/api/v1/tracks/{track}/counts/plays/events?since={since}&until={until}", after)
                .JsonAsync()
        ).Items();
        Assert.Equal(
            Assert.Single(chart.Items()).GetProperty("plays").GetInt32(),
            events.Sum(e => e.GetProperty("change").GetInt32())
        );
        Assert.All(events, e => Assert.Equal(JsonValueKind.Null, e.GetProperty("accountId").ValueKind));
        Assert.Empty(
            (await ana.GetAsync($"/api/v1/tracks/{track}/counts/plays/events?until={since}", after).JsonAsync()).Items()
        );
    }

    [Fact]
    public async Task Members_and_reactions_are_for_those_who_see_them()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var message = (
            await chat.Owner.PostAsync(chat.Messages, new { text = "hello" }).JsonAsync(HttpStatusCode.Created)
        ).Id();
        await chat.Owner.PutAsync($"/api/v1/messages/{message}/reactions/🔥").JsonAsync();
        Assert.Equal(
            chat.Owner.Id,
            Assert
                .Single(
                    (await chat.Owner.GetAsync($"/api/v1/messages/{message}/reactions/🔥/events").JsonAsync()).Items()
                )
                .GetProperty("accountId")
                .GetGuid()
        );
        Assert.Empty(
            (await chat.Owner.GetAsync($"/api/v1/messages/{message}/reactions/👍/events").JsonAsync()).Items()
        );
        chat.Stranger.SeeWhat(chat.Owner);
        await chat
            .Stranger.GetAsync($"/api/v1/messages/{message}/reactions/🔥/events")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");

        var community = (
            await chat
                .Owner.PostAsync("/api/v1/communities", new { name = "Diggers" })
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        Assert.Equal(
            "member_joined",
            Assert
                .Single(
                    (
                        await chat.Owner.GetAsync($"/api/v1/communities/{community}/counts/members/events").JsonAsync()
                    ).Items()
                )
                .GetProperty("type")
                .GetString()
        );
        chat.Stranger.SeeWhat(chat.Owner);
        await chat
            .Stranger.GetAsync($"/api/v1/communities/{community}/counts/members/events")
            .RefusedAsync(HttpStatusCode.Forbidden, "permission_missing");
    }

    [Theory]
    [InlineData("tracks/{0}/counts/likes/events", HttpStatusCode.NotFound, "track_unknown")]
    [InlineData("tracks/{0}/counts/followers/events", HttpStatusCode.BadRequest, "invalid")]
    [InlineData("tracks/{0}/counts/likes/events?limit=0", HttpStatusCode.NotFound, "track_unknown")]
    [InlineData("accounts/{0}/counts/followers/events", HttpStatusCode.NotFound, "account_unknown")]
    [InlineData("accounts/{0}/counts/likes/events", HttpStatusCode.BadRequest, "invalid")]
    [InlineData("communities/{0}/counts/members/events", HttpStatusCode.NotFound, "community_unknown")]
    [InlineData("communities/{0}/counts/0/events", HttpStatusCode.BadRequest, "invalid")]
    [InlineData("messages/{0}/reactions/🔥/events", HttpStatusCode.NotFound, "message_unknown")]
    [InlineData("tracks/{0}/counts/likes/events?since=yesterday", HttpStatusCode.BadRequest, "invalid")]
    public async Task An_unknown_count_is_refused(string path, HttpStatusCode status, string code)
    {
        var ada = await veza.SharedAsync("ada");
        await veza.Scenario(ada, _ =>
        {
            _.Get.Url("/api/v1/" + path.Replace("{0}", $"{Guid.CreateVersion7()}", StringComparison.Ordinal));
            _.ShouldBeRefused(status, code);
        });
    }

    private async Task<Guid> UploadAsync(Person owner, string genre = "dub")
    {
        var id = Guid.CreateVersion7();
        await AppendAsync(
            id,
            new TrackUploaded(
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
            )
        );
        return id;
    }

    private Task PlayAsync(Guid track, Person owner, string genre) =>
        AppendAsync(
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

    private async Task AppendAsync(Guid stream, object e) =>
        Assert.IsType<AppendOutcome.Accepted>(
            await veza.Running.Log.Appender.AppendAsync(
                new(Guid.CreateVersion7(), [new(stream, e is TrackUploaded ? "track" : "hearing", 0, [e])], [])
            )
        );
}
