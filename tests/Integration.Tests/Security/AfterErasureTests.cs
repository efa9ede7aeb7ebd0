using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Veza.Integration.Tests.Live;
using Veza.Integration.Tests.Music.Tracks;

namespace Veza.Integration.Tests.Security;

/// <summary>Another account and an operator ask every endpoint and topic about an erased account's things.</summary>
public class AfterErasureTests(VezaServer veza)
{
    /// <summary>Marks every text that Ada wrote.</summary>
    private const string Mark = "zqerased";

    [Fact]
    public async Task No_endpoint_and_no_topic_says_anything_an_erased_account_wrote()
    {
        var (ada, bo, op) = (
            await veza.RegisterAsync(Mark),
            await veza.RegisterAsync("bo"),
            await veza.OperatorAsync()
        );
        var (ids, before) = await LifeAsync(ada, bo, Mark);
        var after = ids["position"];
        await ada.EraseAsync().JsonAsync();
        foreach (var person in (Person[])[bo, op])
            person.SeeWhat(ada);

        var asked = 0;
        foreach (
            var endpoint in EveryEndpointTests.ClosedOf(veza).Where(e => e.Method == "GET").Select(e => e.Endpoint)
        )
        {
            // Endless answers are covered as topics below.
            if (IsEndless(endpoint))
                continue;
            foreach (var person in (Person[])[bo, op])
            foreach (var query in (string[])["", $"?asOf={before}", $"?limit=200&after={after}"])
            {
                var path = Path(endpoint, ids) + query;
                using var answer = await person.GetAsync(path);
                var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.False(said.Contains(Mark, StringComparison.OrdinalIgnoreCase), $"{path} said: {said}");
                Assert.True(
                    (int)answer.StatusCode < 500 || answer.StatusCode == HttpStatusCode.ServiceUnavailable,
                    $"{path} answered {(int)answer.StatusCode}"
                );
                if (answer.StatusCode == HttpStatusCode.OK)
                    asked++;
            }
        }
        Assert.True(asked > 40, $"only {asked} reads were answered");

        foreach (
            var topic in (string[])
                [
                    $"channel:{ids["channelId"]}",
                    $"community:{ids["communityId"]}",
                    $"track:{ids["trackId"]}",
                    $"broadcast:{ids["broadcastId"]}",
                    "log",
                ]
        )
        {
            var person = topic == "log" ? op : bo;
            using var events = await EventSource.OpenAsync(
                person,
                $"/api/v1/live?topics={topic}&after={after}",
                ("Accept", "text/event-stream")
            );
            foreach (var item in await events.ItemsToAsync(ada.Position))
                Assert.False(
                    item.ToString().Contains(Mark, StringComparison.OrdinalIgnoreCase),
                    $"{topic} said: {item}"
                );
        }
        await bo.GetAsync($"/api/v1/live?topics=account:{ada.Id}&after={after}")
            .RefusedAsync(HttpStatusCode.Forbidden, "not_own_account");
    }

    [Fact]
    public async Task The_answers_about_an_existing_account_hold_the_mark()
    {
        // Proves that the test above looks in the right places. The mark differs, because the log is read completely
        // there.
        const string Mark = "zqstays";
        var (ada, bo) = (await veza.RegisterAsync(Mark), await veza.RegisterAsync("bo"));
        var (ids, _) = await LifeAsync(ada, bo, Mark);
        bo.SeeWhat(ada);
        foreach (
            var path in (string[])
                [
                    "accounts/{accountId}",
                    "tracks/{trackId}",
                    "tracks/{trackId}/comments",
                    "broadcasts/{broadcastId}",
                    "channels/{channelId}/messages",
                ]
        )
        {
            var said = await (await bo.GetAsync("/api/v1/" + Filled(path, ids))).Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken
            );
            Assert.True(said.Contains(Mark, StringComparison.OrdinalIgnoreCase), $"{path} said: {said}");
        }
    }

    /// <summary>Creates something of every kind and waits until it is in the read models.</summary>
    private async Task<(Dictionary<string, string> Ids, long Before)> LifeAsync(Person ada, Person bo, string mark)
    {
        var ids = new Dictionary<string, string> { ["position"] = $"{veza.Running.Log.Head}" };
        var community = await bo.PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
            .JsonAsync(HttpStatusCode.Created);
        await ada.PutAsync($"/api/v1/communities/{community.Id()}/members/me").JsonAsync();
        var channel = community.GetProperty("generalChannelId").GetGuid();
        var message = (
            await ada.PostAsync($"/api/v1/channels/{channel}/messages", new { text = $"{mark} said" })
                .JsonAsync(HttpStatusCode.Created)
        ).Id();
        await ada.PatchAsync($"/api/v1/messages/{message}", new { text = $"{mark} meant" }).JsonAsync();
        await ada.PutAsync($"/api/v1/messages/{message}/reactions/🔥").JsonAsync();
        var broadcast = await ada.PostAsync("/api/v1/broadcasts", new { title = $"{mark} show" })
            .JsonAsync(HttpStatusCode.Created);
        var key = await ada.PostAsync(
                "/api/v1/api-keys",
                new { name = $"{mark} bot", scopes = new[] { "accounts:read" } }
            )
            .JsonAsync(HttpStatusCode.Created);
        using var form = Wave.Form(
            Wave.Sine(1, 8_000),
            ("title", $"{mark} song"),
            ("genre", $"{mark} genre"),
            ("description", $"{mark} notes")
        );
        var track = (
            await ada.SendAsync(HttpMethod.Post, "/api/v1/tracks", form).JsonAsync(HttpStatusCode.Created)
        ).Id();
        await ada.PostAsync($"/api/v1/tracks/{track}/comments", new { text = $"{mark} drop", atMs = 100 })
            .JsonAsync(HttpStatusCode.Created);
        await bo.PutAsync($"/api/v1/accounts/{ada.Id}/followers/me").JsonAsync();
        await bo.PutAsync($"/api/v1/tracks/{track}/likes/me").JsonAsync();
        await ada.PutAsync($"/api/v1/tracks/{track}/reposts/me").JsonAsync();
        var play = (await bo.PostAsync($"/api/v1/tracks/{track}/plays").JsonAsync(HttpStatusCode.Created)).Id();
        await bo.PutAsync($"/api/v1/plays/{play}", new { heardMs = 1_000, positionMs = 1_000 }).JsonAsync();
        foreach (
            var (name, id) in new (string, Guid)[]
            {
                ("accountId", ada.Id),
                ("memberId", ada.Id),
                ("communityId", community.Id()),
                ("channelId", channel),
                ("messageId", message),
                ("broadcastId", broadcast.Id()),
                ("keyId", key.Id()),
                ("trackId", track),
                ("playId", play),
            }
        )
            ids[name] = $"{id}";
        ids["emoji"] = "🔥";
        ids["chart"] = "top";
        ids["number"] = "plays";
        ids["name"] = "chat.messages.v1";
        ada.SeeWhat(bo);
        return (ids, ada.Position);
    }

    private static bool IsEndless(RouteEndpoint endpoint) =>
        endpoint.RoutePattern.RawText!.Trim('/') is "api/v1/live" or "api/v1/charts/{chart}/live"
        || endpoint.RoutePattern.RawText!.StartsWith("/hubs", StringComparison.Ordinal);

    private static string Path(RouteEndpoint endpoint, Dictionary<string, string> ids)
    {
        var path = "/" + endpoint.RoutePattern.RawText!.Trim('/');
        if (path.Contains("accounts/", StringComparison.Ordinal))
            path = path.Replace("{number}", "followers", StringComparison.Ordinal);
        if (path.Contains("communities/", StringComparison.Ordinal))
            path = path.Replace("{number}", "members", StringComparison.Ordinal);
        return Filled(path, ids);
    }

    private static string Filled(string path, Dictionary<string, string> ids) =>
        Regex.Replace(path, @"\{(\w+)[^}]*\}", m =>
            ids.TryGetValue(m.Groups[1].Value, out var id) ? Uri.EscapeDataString(id) : Guid.CreateVersion7().ToString()
        );
}
