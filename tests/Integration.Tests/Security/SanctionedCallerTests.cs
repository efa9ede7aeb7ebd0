using System.Text.Json;
using System.Text.RegularExpressions;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Every endpoint about a community, with what an outsider, a banned account and a timed-out member may do there. A new
/// one fails here until it has an entry.
/// </summary>
public class SanctionedCallerTests(VezaServer veza)
{
    private const string Hidden = "permission_missing";
    private const string Silenced = "timed_out";

    /// <summary>
    /// The codes of the refusals; null where the call succeeds. A banned account may do no more than an outsider and
    /// cannot join. A timed-out member may read and leave.
    /// </summary>
    private static readonly Dictionary<string, (string? Banned, string? TimedOut, object? Body)> Table = new()
    {
        // Any caller may see a community's name and its number of members.
        ["GET communities/{communityId}"] = (null, null, null),
        ["GET communities/{communityId}/members"] = (Hidden, null, null),
        ["POST communities/{communityId}/channels"] = (Hidden, Silenced, new { name = "ours" }),
        ["GET communities/{communityId}/channels"] = (Hidden, null, null),
        ["GET communities/{communityId}/unread"] = (Hidden, null, null),
        ["GET communities/{communityId}/presence"] = (Hidden, null, null),
        ["GET communities/{communityId}/counts/{number}/events"] = (Hidden, null, null),
        ["GET communities/{communityId}/sanctions"] = (Hidden, Hidden, null),
        ["DELETE communities/{communityId}/members/{memberId}"] = (Hidden, Silenced, null),
        ["PUT communities/{communityId}/members/{memberId}/timeout"] = (
            Hidden,
            Silenced,
            new { until = "2999-01-01T00:00:00Z" }
        ),
        ["DELETE communities/{communityId}/members/{memberId}/timeout"] = (Hidden, Silenced, null),
        ["PUT communities/{communityId}/bans/{memberId}"] = (Hidden, Silenced, new { }),
        ["DELETE communities/{communityId}/bans/{memberId}"] = (Hidden, Silenced, null),
        ["GET communities/{communityId}/roles"] = (Hidden, null, null),
        ["POST communities/{communityId}/roles"] = (Hidden, Silenced, new { name = "kings" }),
        ["PUT communities/{communityId}/roles/{roleId}"] = (
            Hidden,
            Silenced,
            new { name = "kings", permissions = "66560" }
        ),
        ["PUT communities/{communityId}/roles/{roleId}/place"] = (
            Hidden,
            Silenced,
            new { aboveRoleId = Guid.CreateVersion7() }
        ),
        ["DELETE communities/{communityId}/roles/{roleId}"] = (Hidden, Silenced, null),
        ["PUT communities/{communityId}/members/{memberId}/roles/{roleId}"] = (Hidden, Silenced, null),
        ["DELETE communities/{communityId}/members/{memberId}/roles/{roleId}"] = (Hidden, Silenced, null),
        // The caller's own permissions.
        ["GET communities/{communityId}/members/{memberId}/permissions"] = (Hidden, null, null),
        ["GET channels/{channelId}"] = (Hidden, null, null),
        ["PUT channels/{channelId}"] = (Hidden, Silenced, new { name = "ours" }),
        ["PUT channels/{channelId}/place"] = (Hidden, Silenced, new { afterChannelId = (Guid?)null }),
        ["DELETE channels/{channelId}"] = (Hidden, Silenced, null),
        ["GET channels/{channelId}/overwrites"] = (Hidden, null, null),
        ["PUT channels/{channelId}/overwrites/{targetId}"] = (
            Hidden,
            Silenced,
            new
            {
                target = "role",
                allow = "2048",
                deny = "0",
            }
        ),
        ["DELETE channels/{channelId}/overwrites/{targetId}"] = (Hidden, Silenced, null),
        ["POST channels/{channelId}/messages"] = (Hidden, Silenced, new { text = "let me in" }),
        ["GET channels/{channelId}/messages"] = (Hidden, null, null),
        // The caller's own read marker, which is private.
        ["PUT channels/{channelId}/read"] = (Hidden, null, new { upTo = 1 }),
        ["GET messages/{messageId}"] = (Hidden, null, null),
        ["GET messages/{messageId}/edits"] = (Hidden, null, null),
        ["GET messages/{messageId}/reactions/{emoji}/events"] = (Hidden, null, null),
        ["PATCH messages/{messageId}"] = (Hidden, Silenced, new { text = "let me in" }),
        ["DELETE messages/{messageId}"] = (Hidden, Silenced, null),
        ["PUT messages/{messageId}/reactions/{emoji}"] = (Hidden, Silenced, null),
        ["DELETE messages/{messageId}/reactions/{emoji}"] = (Hidden, Silenced, null),
        ["GET live"] = (Hidden, null, null),
        // Last, because they change what the others need; a banned account is out already.
        ["PUT communities/{communityId}/members/me"] = ("banned", null, null),
        ["DELETE communities/{communityId}/members/me"] = (null, null, null),
    };

    /// <summary>
    /// Other parameters of paths, which name nothing of a community. An addition must be justified here.
    /// </summary>
    private static readonly string[] Elsewhere =
    [
        "accountId",
        "broadcastId",
        "chart",
        "emoji",
        "keyId",
        "memberId",
        "name",
        "number",
        "playId",
        "roleId",
        "sessionId",
        "targetId",
        "trackId",
    ];

    internal static readonly string[] OfCommunities = ["communityId", "channelId", "messageId"];

    [Fact]
    public void Every_endpoint_that_is_about_a_community_has_an_entry()
    {
        var closed = EveryEndpointTests
            .ClosedOf(veza)
            .Select(e => (e.Endpoint, Name: NameOf(e.Method, e.Endpoint.RoutePattern.RawText!)))
            .ToList();
        var about = closed.Where(e =>
            e.Endpoint.RoutePattern.Parameters.Any(p => OfCommunities.Contains(p.Name)) || e.Name == "GET live"
        );
        Assert.Equal(
            Table.Keys.Order(StringComparer.Ordinal),
            about.Select(e => e.Name).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            [],
            closed
                .SelectMany(e => e.Endpoint.RoutePattern.Parameters.Select(p => p.Name))
                .Except([.. OfCommunities, .. Elsewhere])
        );
    }

    [Theory]
    [InlineData("outside")]
    [InlineData("banned")]
    [InlineData("timed out")]
    public async Task Outsiders_and_sanctioned_members_do_only_what_is_permitted_to_them(string how)
    {
        var (owner, eve) = (await veza.SharedAsync("owner"), await veza.RegisterAsync("eve"));
        var made = await owner
            .PostAsync("/api/v1/communities", new { name = "Vinyl diggers" })
            .JsonAsync(System.Net.HttpStatusCode.Created);
        var (community, channel) = (made.Id(), made.GetProperty("generalChannelId").GetGuid());
        if (how != "outside")
            await eve.PutAsync($"/api/v1/communities/{community}/members/me").JsonAsync();
        // Their own messages, if they ever could send any; not even these are theirs any longer.
        var author = how == "outside" ? owner : eve;
        var message = (
            await author
                .PostAsync($"/api/v1/channels/{channel}/messages", new { text = "for members only" })
                .JsonAsync(System.Net.HttpStatusCode.Created)
        ).Id();
        await author.PutAsync($"/api/v1/messages/{message}/reactions/🔥").JsonAsync();
        // When eve still was a member: a read as of then does not bypass the sanction.
        var before = author.Position;
        if (how == "banned")
            await owner.PutAsync($"/api/v1/communities/{community}/bans/{eve.Id}", new { }).JsonAsync();
        else if (how == "timed out")
            await owner
                .PutAsync(
                    $"/api/v1/communities/{community}/members/{eve.Id}/timeout",
                    new { until = TimeProvider.System.GetUtcNow().AddDays(1) }
                )
                .JsonAsync();
        eve.SeeWhat(owner);
        var head = owner.Position;

        foreach (var (name, (banned, timedOut, body)) in Table)
        {
            var (method, template) = (name.Split(' ')[0], name.Split(' ')[1]);
            var path =
                "/api/v1/"
                + template
                    .Replace("{communityId}", community.ToString(), StringComparison.Ordinal)
                    .Replace("{channelId}", channel.ToString(), StringComparison.Ordinal)
                    .Replace("{messageId}", message.ToString(), StringComparison.Ordinal)
                    .Replace("{memberId}", eve.Id.ToString(), StringComparison.Ordinal)
                    // The role that everyone has.
                    .Replace("{roleId}", community.ToString(), StringComparison.Ordinal)
                    .Replace("{targetId}", community.ToString(), StringComparison.Ordinal)
                    .Replace("{emoji}", "🔥", StringComparison.Ordinal)
                    .Replace("{number}", "members", StringComparison.Ordinal)
                + (name == "GET live" ? $"?topics=community:{community},channel:{channel}" : "");
            string[] asked = method == "GET" && name != "GET live" ? [path, $"{path}?asOf={before}"] : [path];
            foreach (var at in asked)
            {
                using var content = body is null ? null : System.Net.Http.Json.JsonContent.Create(body, body.GetType());
                using var answer = await eve.SendAsync(new(method), at, content);
                var refused = answer.IsSuccessStatusCode
                    ? (JsonElement?)null
                    : await answer.JsonAsync(answer.StatusCode);
                var code = refused?.GetProperty("type").GetString()!["/problems/".Length..];
                var expected = how switch
                {
                    "timed out" => timedOut,
                    "outside" when banned == "banned" => null,
                    _ => banned,
                };
                Assert.True(code == expected, $"{how}: {method} {at} answered {(int)answer.StatusCode} {code}");
                Assert.DoesNotContain("for members only", $"{refused}", StringComparison.Ordinal);
            }
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
            how switch
            {
                "outside" => ["member_joined", "member_left"],
                "banned" => [],
                _ => (string[])["channel_read", "member_left"],
            },
            written.Select(e => e.Name)
        );
    }

    /// <summary>As in the tables: without the version of the API and the types of parameters.</summary>
    internal static string NameOf(string method, string template) =>
        $"{method} {Regex.Replace(template.Trim('/'), @"^api/v1/|(?<=\{\w+):[^}]*", "")}";
}
