using System.Net;
using System.Text.Json;
using Veza.Integration.Tests.Music.Tracks;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Another account calls every endpoint that names a thing of an account. <see cref="SanctionedCallerTests"/> covers
/// the things of communities. A new endpoint fails here until it has an entry.
/// </summary>
public class AnothersThingsTests(VezaServer veza)
{
    /// <summary>
    /// The codes of the refusals. Null where any account may call it: to see the thing, or to do something of its own,
    /// such as to like it.
    /// </summary>
    private static readonly Dictionary<string, (string? Code, object? Body)> Table = new()
    {
        ["DELETE api-keys/{keyId}"] = ("session_unknown", null),
        ["DELETE sessions/{sessionId}"] = ("session_unknown", null),
        ["POST accounts/{accountId}/password-reset"] = ("not_allowed", null),
        ["PUT accounts/{accountId}/suspension"] = ("not_allowed", new { reason = "mine" }),
        ["DELETE accounts/{accountId}/suspension"] = ("not_allowed", new { reason = "mine" }),
        ["PUT plays/{playId}"] = ("not_the_listener", new { heardMs = 1, positionMs = 1 }),
        ["POST broadcasts/{broadcastId}/stop"] = ("not_the_owner", null),
        ["GET broadcasts/{broadcastId}"] = (null, null),
        ["GET accounts/{accountId}"] = (null, null),
        ["GET accounts/{accountId}/counts/{number}/events"] = (null, null),
        ["GET accounts/{accountId}/followers"] = (null, null),
        ["GET accounts/{accountId}/following"] = (null, null),
        ["GET accounts/{accountId}/tracks"] = (null, null),
        ["GET accounts/{accountId}/likes"] = (null, null),
        ["PUT accounts/{accountId}/followers/me"] = (null, null),
        ["DELETE accounts/{accountId}/followers/me"] = (null, null),
        ["GET tracks/{trackId}"] = (null, null),
        ["GET tracks/{trackId}/audio"] = (null, null),
        ["HEAD tracks/{trackId}/audio"] = (null, null),
        ["GET tracks/{trackId}/waveform"] = (null, null),
        ["GET tracks/{trackId}/counts/{number}/events"] = (null, null),
        ["GET tracks/{trackId}/comments"] = (null, null),
        ["POST tracks/{trackId}/comments"] = (null, new { text = "mine", atMs = 1 }),
        ["POST tracks/{trackId}/plays"] = (null, null),
        ["PUT tracks/{trackId}/likes/me"] = (null, null),
        ["DELETE tracks/{trackId}/likes/me"] = (null, null),
        ["PUT tracks/{trackId}/reposts/me"] = (null, null),
        ["DELETE tracks/{trackId}/reposts/me"] = (null, null),
    };

    private static readonly string[] OfAccounts =
    [
        "accountId",
        "broadcastId",
        "keyId",
        "playId",
        "sessionId",
        "trackId",
    ];

    [Fact]
    public void Every_endpoint_that_names_a_thing_of_an_account_has_an_entry()
    {
        var about = EveryEndpointTests
            .ClosedOf(veza)
            .Where(e => e.Endpoint.RoutePattern.Parameters.Any(p => OfAccounts.Contains(p.Name)));
        Assert.Equal(
            Table.Keys.Order(StringComparer.Ordinal),
            about
                .Select(e => SanctionedCallerTests.NameOf(e.Method, e.Endpoint.RoutePattern.RawText!))
                .Distinct()
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task No_account_changes_or_ends_things_of_another()
    {
        var (ada, eve) = (await veza.RegisterAsync("ada"), await veza.RegisterAsync("eve"));
        var session = (await ada.GetAsync("/api/v1/sessions").JsonAsync()).Items().Single().Id();
        var key = await ada.PostAsync(
                "/api/v1/api-keys",
                new { name = "ada's own bot", scopes = new[] { "accounts:read" } }
            )
            .JsonAsync(HttpStatusCode.Created);
        var broadcast = await ada.PostAsync("/api/v1/broadcasts", new { title = "Late show" })
            .JsonAsync(HttpStatusCode.Created);
        using var form = Wave.Form(Wave.Sine(1, 8_000), ("title", "Night drive"));
        var track = (
            await ada.SendAsync(HttpMethod.Post, "/api/v1/tracks", form).JsonAsync(HttpStatusCode.Created)
        ).Id();
        await Eventually.TrueAsync(
            async () => (await ada.GetAsync($"/api/v1/tracks/{track}/waveform")).IsSuccessStatusCode,
            what: "the track has its waveform"
        );
        var play = (await ada.PostAsync($"/api/v1/tracks/{track}/plays").JsonAsync(HttpStatusCode.Created)).Id();
        eve.SeeWhat(ada);
        string[] secrets =
        [
            $"{ada.UserName}@example.org",
            "ada's own bot",
            key.GetProperty("key").GetString()!,
            broadcast.GetProperty("ingest").GetProperty("key").GetString()!,
        ];
        var head = ada.Position;

        foreach (var (name, (expected, body)) in Table)
        {
            var path =
                "/api/v1/"
                + name.Split(' ')[1]
                    .Replace("{accountId}", $"{ada.Id}", StringComparison.Ordinal)
                    .Replace("{sessionId}", $"{session}", StringComparison.Ordinal)
                    .Replace("{keyId}", $"{key.Id()}", StringComparison.Ordinal)
                    .Replace("{broadcastId}", $"{broadcast.Id()}", StringComparison.Ordinal)
                    .Replace("{trackId}", $"{track}", StringComparison.Ordinal)
                    .Replace("{playId}", $"{play}", StringComparison.Ordinal)
                    .Replace(
                        "{number}",
                        name.Contains("tracks/", StringComparison.Ordinal) ? "plays" : "followers",
                        StringComparison.Ordinal
                    );
            using var content = body is null ? null : System.Net.Http.Json.JsonContent.Create(body, body.GetType());
            using var answer = await eve.SendAsync(new(name.Split(' ')[0]), path, content);
            var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            var code = answer.IsSuccessStatusCode
                ? null
                : JsonDocument.Parse(said).RootElement.GetProperty("type").GetString()!["/problems/".Length..];
            Assert.True(code == expected, $"{name} answered {(int)answer.StatusCode} {code}");
            Assert.DoesNotContain(secrets, secret => said.Contains(secret, StringComparison.Ordinal));
        }

        await veza.Running.Log.CatchUpAsync(TestContext.Current.CancellationToken);
        var written = (
            await veza.Running.Log.Reader.ReadAsync(
                head,
                veza.Running.Log.Head,
                100_000,
                null,
                null,
                TestContext.Current.CancellationToken
            )
        ).Where(e => Guid.TryParse(e.By, out var by) && by == eve.Id);
        Assert.Equal(
            [
                "follow_started",
                "follow_stopped",
                "track_commented",
                "play_started",
                "track_liked",
                "track_unliked",
                "track_reposted",
                "track_repost_removed",
            ],
            written.Select(e => e.Name)
        );
        // Every thing is unchanged.
        ada.SeeWhat(eve);
        Assert.Equal(session, (await ada.GetAsync("/api/v1/sessions").JsonAsync()).Items().Single().Id());
        var bot = new Person(veza, ada.Id, "", key.GetProperty("key").GetString());
        bot.SeeWhat(ada);
        await bot.GetAsync("/api/v1/accounts/me").JsonAsync();
        await ada.PutAsync($"/api/v1/plays/{play}", new { heardMs = 1, positionMs = 1 }).JsonAsync();
        await ada.PostAsync($"/api/v1/broadcasts/{broadcast.Id()}/stop").JsonAsync();
    }
}
