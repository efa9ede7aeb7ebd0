using System.Text.Json;

namespace Veza.Integration.Tests.Social;

public class SocialEndpointsTests(SocialApi api) : IClassFixture<SocialApi>
{
    [Fact]
    public async Task Followers_are_listed_in_pages()
    {
        var (ana, bo, cleo) = (await api.RegisterAsync("ana"), await api.RegisterAsync("bo"), await api.RegisterAsync("cleo"));
        var (status, followed) = await ana.SendAsync(HttpMethod.Put, $"/accounts/{bo.Id}/followers/me");
        Assert.Equal((200, bo.Id, 1), (status, followed.GetProperty("id").GetGuid(), followed.GetProperty("version").GetInt64()));
        await cleo.SendAsync(HttpMethod.Put, $"/accounts/{bo.Id}/followers/me");

        var first = await cleo.GetAsync($"/accounts/{bo.Id}/followers?limit=1");
        var newest = Assert.Single(first.GetProperty("items").EnumerateArray());
        Assert.Equal(("cleo", cleo.Id), (newest.GetProperty("account").GetProperty("userName").GetString(), newest.GetProperty("account").GetProperty("id").GetGuid()));
        Assert.True(newest.TryGetProperty("since", out _));
        var second = await cleo.GetAsync(first.GetProperty("next").GetString()!["/api/v1".Length..]);
        Assert.Equal(ana.Id, Assert.Single(second.GetProperty("items").EnumerateArray()).GetProperty("account").GetProperty("id").GetGuid());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);

        await cleo.SendAsync(HttpMethod.Delete, $"/accounts/{bo.Id}/followers/me");
        Assert.Empty((await cleo.GetAsync($"/accounts/{cleo.Id}/following")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Following_is_refused_where_it_makes_no_sense()
    {
        var ana = await api.RegisterAsync("ana");
        Assert.Equal((409, "/problems/cannot_follow_self"), Problem(await ana.SendAsync(HttpMethod.Put, $"/accounts/{ana.Id}/followers/me")));
        Assert.Equal((404, "/problems/account_unknown"), Problem(await ana.SendAsync(HttpMethod.Put, $"/accounts/{Guid.CreateVersion7()}/followers/me")));
        Assert.Equal((404, "/problems/account_unknown"), Problem(await ana.SendAsync(HttpMethod.Get, $"/accounts/{Guid.CreateVersion7()}/followers")));
    }

    [Fact]
    public async Task A_feed_says_what_happened_and_why_it_is_there()
    {
        var (ana, bo) = (await api.RegisterAsync("ana"), await api.RegisterAsync("bo"));
        var track = await api.UploadAsync(bo, "Dub");
        await ana.SendAsync(HttpMethod.Put, $"/accounts/{bo.Id}/followers/me");
        var entry = Assert.Single((await ana.GetAsync("/feed")).GetProperty("items").EnumerateArray());
        Assert.Equal(("upload", "You follow bo", track, "bo"), (entry.GetProperty("kind").GetString(), entry.GetProperty("reason").GetString(),
            entry.GetProperty("track").GetProperty("id").GetGuid(), entry.GetProperty("track").GetProperty("owner").GetProperty("userName").GetString()));
    }

    [Fact]
    public async Task A_play_is_counted_and_shows_in_history_and_charts()
    {
        var (ana, bo) = (await api.RegisterAsync("ana"), await api.RegisterAsync("bo"));
        var genre = $"{Guid.CreateVersion7()}";
        var track = await api.UploadAsync(bo, genre);
        var (status, started) = await ana.SendAsync(HttpMethod.Post, $"/tracks/{track}/plays");
        Assert.Equal(201, status);
        var play = started.GetProperty("id").GetGuid();
        Assert.Equal((409, "/problems/heard_too_fast"), Problem(await ana.SendAsync(HttpMethod.Put, $"/plays/{play}", new { heardMs = 31_000, positionMs = 31_000 })));
        Assert.Equal((403, "/problems/not_the_listener"), Problem(await bo.SendAsync(HttpMethod.Put, $"/plays/{play}", new { heardMs = 0, positionMs = 0 })));

        api.Passed += TimeSpan.FromSeconds(20);
        Assert.False(await Counted(ana, play, 20_000, "twenty"));
        api.Passed += TimeSpan.FromSeconds(20);
        Assert.True(await Counted(ana, play, 40_000));
        Assert.True(await Counted(ana, play, 40_000));
        // What was said under an idempotency key is said again, whatever has happened since.
        Assert.False(await Counted(ana, play, 20_000, "twenty"));

        var entry = Assert.Single((await ana.GetAsync("/history")).GetProperty("items").EnumerateArray());
        Assert.Equal((play, track, 40_000, true), (entry.GetProperty("playId").GetGuid(), entry.GetProperty("track").GetProperty("id").GetGuid(),
            entry.GetProperty("heardMs").GetInt64(), entry.GetProperty("counted").GetBoolean()));

        foreach (var chart in new[] { "top", "Trending" })
        {
            var ranked = Assert.Single((await ana.GetAsync($"/charts/{chart}?span=hour&genre={genre.ToUpperInvariant()}")).GetProperty("items").EnumerateArray());
            Assert.Equal((1, track, 1, genre), (ranked.GetProperty("rank").GetInt32(), ranked.GetProperty("track").GetProperty("id").GetGuid(),
                ranked.GetProperty("plays").GetInt32(), ranked.GetProperty("track").GetProperty("genre").GetString()));
            Assert.InRange(ranked.GetProperty("score").GetDouble(), 0.25, 1);
        }
    }

    [Theory]
    [InlineData("/charts/best", "top, trending")]
    [InlineData("/charts/0", "top, trending")]
    [InlineData("/charts/top?span=year", "hour, day, week, all")]
    [InlineData("/charts/top?limit=101", "1 to 100")]
    public async Task What_charts_there_are_is_said_to_who_asks_for_another(string path, string allowed)
    {
        var (status, problem) = await (await api.RegisterAsync("ana")).SendAsync(HttpMethod.Get, path);
        Assert.Equal(400, status);
        Assert.Contains(allowed, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<bool> Counted(SocialApi.Person listener, Guid play, long heardMs, string? idempotencyKey = null)
    {
        var (status, body) = await listener.SendAsync(HttpMethod.Put, $"/plays/{play}", new { heardMs, positionMs = heardMs }, idempotencyKey);
        Assert.True(status == 200, body.ToString());
        Assert.Equal(play, body.GetProperty("id").GetGuid());
        return body.GetProperty("counted").GetBoolean();
    }

    private static (int, string?) Problem((int Status, JsonElement Body) answer) => (answer.Status, answer.Body.GetProperty("type").GetString());
}
