using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Veza.Integration.Tests.Chat;

namespace Veza.Integration.Tests.Replay;

public class LogEndpointsTests(VezaEndpoints veza, VezaServer server) : IClassFixture<VezaEndpoints>
{
    [Fact]
    public async Task The_whole_log_is_replayed_in_order_without_a_gap_or_a_secret()
    {
        var (analyst, chat) = (await veza.OperatorAsync(), await ChatSetting.CreateAsync(veza));
        await chat.SendAsync(chat.Owner, "to be replayed");
        // Other tests act as the same owner, and go on while the log is read.
        var sent = chat.Owner.Position;
        var text = await (await analyst.GetAsync("/api/v1/log")).Content.ReadAsStringAsync(
            TestContext.Current.CancellationToken
        );
        var lines = Lines(text);
        Assert.Equal(Enumerable.Range(1, lines.Count), lines.Select(l => (int)l.GetProperty("position").GetInt64()));
        Assert.True(lines.Count >= sent);
        var registered = lines.First(l => l.GetProperty("type").GetString() == "account_registered");
        Assert.True(registered.GetProperty("data").TryGetProperty("userName", out _));
        Assert.DoesNotContain("Hash\":", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Types_a_stream_and_a_limit_narrow_it()
    {
        var (analyst, chat) = (await veza.OperatorAsync(), await ChatSetting.CreateAsync(veza));
        var after = veza.Running.Log.Head;
        var message = await chat.SendAsync(chat.Owner, "one");
        await chat.Owner.PatchAsync($"/api/v1/messages/{message}", new { text = "one, edited" }).JsonAsync();
        await chat.SendAsync(chat.Owner, "two");
        Assert.Equal(
            ["message_sent", "message_edited"],
            (await ReadAsync(analyst, $"after={after}&stream={message}")).Select(Type)
        );
        Assert.Equal(
            ["one, edited"],
            (await ReadAsync(analyst, $"after={after}&stream={message}&types=message_edited")).Select(l =>
                l.GetProperty("data").GetProperty("text").GetString()
            )
        );
        Assert.Single(await ReadAsync(analyst, $"after={after}&types=message_sent,message_edited&limit=1"));
        var sent = (await ReadAsync(analyst, $"after={after}&stream={message}"))[0].GetProperty("position").GetInt64();
        Assert.Equal(
            ["message_sent"],
            (await ReadAsync(analyst, $"after={after}&stream={message}&until={sent}")).Select(Type)
        );
        Assert.Empty(await ReadAsync(analyst, $"after={sent}&until={sent}"));
        Assert.Empty(await ReadAsync(analyst, $"after={sent}&until=0"));
    }

    [Fact]
    public async Task Following_goes_on_live()
    {
        var (analyst, chat) = (await server.OperatorAsync(), await ChatSetting.CreateAsync(server));
        var after = server.Running.Log.Head;
        using var answer = await analyst.GetAsync($"/api/v1/log?after={after}&follow=true&types=message_sent");
        using var lines = new StreamReader(
            await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)
        );
        var sent = await chat.SendAsync(chat.Owner, "live");
        JsonElement line;
        do line = JsonDocument.Parse((await lines.ReadLineAsync(TestContext.Current.CancellationToken))!).RootElement;
        while (line.GetProperty("data").GetProperty("messageId").GetGuid() != sent);
        Assert.True(line.GetProperty("position").GetInt64() > after);
    }

    [Fact]
    public async Task It_is_compressed_when_asked()
    {
        var analyst = await server.OperatorAsync();
        using var answer = await analyst.GetAsync("/api/v1/log?limit=3", ("Accept-Encoding", "gzip"));
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        using var text = new StreamReader(
            new GZipStream(
                await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken),
                CompressionMode.Decompress
            )
        );
        Assert.Equal(3, Lines(await text.ReadToEndAsync(TestContext.Current.CancellationToken)).Count);
    }

    [Fact]
    public async Task A_wrong_parameter_is_named()
    {
        var analyst = await veza.OperatorAsync();
        foreach (
            var (query, field) in ((string, string)[])
                [
                    ("types=message_sent,nope", "types"),
                    ("stream=1", "stream"),
                    ("after=-1", "after"),
                    ("until=-1", "until"),
                    ("until=9&follow=true", "until"),
                    ("limit=0", "limit"),
                    ("follow=yes", "follow"),
                ]
        )
        {
            await veza.Scenario(analyst, _ =>
            {
                _.Get.Url($"/api/v1/log?{query}");
                _.ShouldBeRefused(HttpStatusCode.BadRequest, "invalid", field);
            });
        }
        await (await veza.SharedAsync("member"))
            .GetAsync("/api/v1/log")
            .RefusedAsync(HttpStatusCode.Forbidden, "scope_missing");
        Assert.Equal(HttpStatusCode.Unauthorized, (await veza.Anonymous.GetAsync("/api/v1/log")).StatusCode);
    }

    [Fact]
    public async Task Operators_see_how_far_the_projections_are()
    {
        var projections = (await (await veza.OperatorAsync()).GetAsync("/api/v1/projections").JsonAsync()).Items();
        Assert.Equal(
            veza.Running.Projections.Status.Select(s => s.Name).Order(StringComparer.Ordinal),
            projections.Select(p => p.GetProperty("name").GetString())
        );
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await (await veza.SharedAsync("member")).GetAsync("/api/v1/projections")).StatusCode
        );
    }

    [Fact]
    public async Task Operators_decide_about_the_event_that_stopped_a_projection()
    {
        // Only this row says that the projection is stopped, and an operator's decision changes only this row.
        const string Name = "chat.reaction_tally.v1";
        const long Position = 1_000_000_000_000;
        var analyst = await server.OperatorAsync();
        async Task<JsonElement> StatusAsync() =>
            (await analyst.GetAsync("/api/v1/projections").JsonAsync())
                .Items()
                .Single(p => p.GetProperty("name").GetString() == Name);
        await ExecuteAsync(
            "insert into log.parked_events (name, position, error, at, state) "
                + $"values ('{Name}', {Position}, 'message_sent: poison', now(), 'standing')"
        );
        try
        {
            var status = await StatusAsync();
            Assert.Equal(
                ("faulted", Position, "message_sent: poison"),
                (
                    status.GetProperty("state").GetString(),
                    status.GetProperty("standsAt").GetInt64(),
                    status.GetProperty("error").GetString()
                )
            );
            // The answer to another test may still be cached for a second.
            await Eventually.TrueAsync(
                async () =>
                {
                    var ready = await server.Anonymous.GetAsync("/health/ready").JsonAsync();
                    return ready.GetProperty("status").GetString() == "degraded"
                        && ready
                            .GetProperty("checks")
                            .GetProperty("projections")
                            .GetProperty("detail")
                            .GetString()
                            ?.Contains($"{Name} stopped at event {Position}", StringComparison.Ordinal) == true;
                },
                what: "readiness names the projection that stands"
            );

            Assert.Equal(
                1,
                (await analyst.PostAsync($"/api/v1/projections/{Name}/skip").JsonAsync())
                    .GetProperty("events")
                    .GetInt32()
            );
            Assert.Equal(1, (await StatusAsync()).GetProperty("skipped").GetInt64());
            var nothing = await analyst
                .PostAsync($"/api/v1/projections/{Name}/retry")
                .RefusedAsync(HttpStatusCode.Conflict, "nothing_parked");
            Assert.Equal(
                $"{Name} stopped at no event; only a rebuild applies the 1 it skipped",
                nothing.GetProperty("detail").GetString()
            );
            await ExecuteAsync($"update log.parked_events set state = 'standing' where position = {Position}");
            Assert.Equal(
                1,
                (await analyst.PostAsync($"/api/v1/projections/{Name}/retry").JsonAsync())
                    .GetProperty("events")
                    .GetInt32()
            );
        }
        finally
        {
            await ExecuteAsync($"delete from log.parked_events where position = {Position}");
        }
        await analyst
            .PostAsync("/api/v1/projections/chat.nothing.v1/skip")
            .RefusedAsync(HttpStatusCode.NotFound, "projection_unknown");
        Assert.Equal(
            HttpStatusCode.Forbidden,
            (await (await server.SharedAsync("member")).PostAsync($"/api/v1/projections/{Name}/skip")).StatusCode
        );
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = veza.Running.Log.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static string? Type(JsonElement line) => line.GetProperty("type").GetString();

    private static async Task<List<JsonElement>> ReadAsync(Person analyst, string query) =>
        Lines(
            await (await analyst.GetAsync($"/api/v1/log?{query}")).Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken
            )
        );

    private static List<JsonElement> Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}
