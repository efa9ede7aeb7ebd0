using System.Net;
using System.Reflection;
using System.Text.Json;
using Veza.Api.Auth;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Live;
using Veza.Projections.Topics;
using Veza.Realtime;
using Veza.Realtime.Engine;

namespace Veza.Integration.Tests.Security;

/// <summary>
/// Every method of the hub and every topic, with the answer to a caller without access. A new one fails here until it
/// has an entry. Connecting itself is among the endpoints.
/// </summary>
public class HubTableTests(VezaServer veza)
{
    /// <summary>
    /// The arguments of a method about a community, and the codes of the refusals to an outsider, to a banned account,
    /// and to a timed-out member, who may still read. Null where they may.
    /// </summary>
    private static readonly Dictionary<
        string,
        (Func<ChatSetting, object?[]> Arguments, string? Outside, string? TimedOut)
    > Methods = new()
    {
        [nameof(LiveHub.Subscribe)] = (chat => [new[] { $"channel:{chat.Channel}" }, null], "permission_missing", null),
        [nameof(LiveHub.Resume)] = (chat => [new[] { $"channel:{chat.Channel}" }, 1, "1"], "permission_missing", null),
        [nameof(LiveHub.Watch)] = (chat => [new[] { $"community:{chat.Community}" }], "permission_missing", null),
        [nameof(LiveHub.Typing)] = (chat => [chat.Channel], "permission_missing", "permission_missing"),
        [nameof(LiveHub.SetPresence)] = (_ => ["online"], null, null),
        [nameof(LiveHub.FollowChart)] = (_ => ["top", null, null], null, null),
    };

    private static readonly Dictionary<
        TopicKind,
        (Func<ChatSetting, string> Topic, string? Outside, string? TimedOut)
    > Topics = new()
    {
        [TopicKind.Channel] = (chat => $"channel:{chat.Channel}", "permission_missing", null),
        [TopicKind.Community] = (chat => $"community:{chat.Community}", "permission_missing", null),
        [TopicKind.Account] = (chat => $"account:{chat.Owner.Id}", "not_own_account", "not_own_account"),
        [TopicKind.Log] = (_ => "log", "scope_missing", "scope_missing"),
        [TopicKind.Communities] = (_ => "communities:mine", null, null),
        [TopicKind.Track] = (_ => $"track:{Guid.CreateVersion7()}", null, null),
        [TopicKind.Broadcast] = (_ => $"broadcast:{Guid.CreateVersion7()}", null, null),
        [TopicKind.Chart] = (_ => "chart:top", null, null),
        [TopicKind.Activity] = (chat => $"activity:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
        [TopicKind.Private] = (chat => $"private:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
        [TopicKind.Access] = (chat => $"access:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
        [TopicKind.Visibility] = (chat => $"visibility:{chat.Community}", "topic_invalid", "topic_invalid"),
        [TopicKind.Followers] = (chat => $"followers:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
        [TopicKind.Withdrawn] = (chat => $"withdrawn:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
    };

    public static TheoryData<string> MethodNames => [.. Methods.Keys];
    public static TheoryData<TopicKind> TopicKinds => [.. Topics.Keys];

    [Fact]
    public void Every_method_and_every_topic_has_an_entry()
    {
        var methods = typeof(LiveHub)
            .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(m => m.GetBaseDefinition().DeclaringType == typeof(LiveHub));
        Assert.Equal(methods.Select(m => m.Name).Distinct().Order(), Methods.Keys.Order());
        Assert.Equal(Enum.GetValues<TopicKind>().Order(), Topics.Keys.Order());
    }

    [Theory]
    [MemberData(nameof(MethodNames))]
    public async Task No_method_gives_another_community_away(string method)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await CalledAsync(chat, chat.Stranger, method, Methods[method].Arguments(chat), Methods[method].Outside);
    }

    [Theory]
    [MemberData(nameof(TopicKinds))]
    public async Task No_topic_opens_to_a_caller_without_access(TopicKind kind)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await FollowedAsync(chat, chat.Stranger, Topics[kind].Topic(chat), Topics[kind].Outside);
    }

    [Theory]
    [InlineData("banned")]
    [InlineData("timed out")]
    public async Task Sanctioned_callers_follow_only_permitted_topics(string how)
    {
        var (chat, eve) = (await ChatSetting.CreateAsync(veza), await veza.RegisterAsync("eve"));
        await eve.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        if (how == "banned")
            await chat.Owner.PutAsync($"/api/v1/communities/{chat.Community}/bans/{eve.Id}", new { }).JsonAsync();
        else
            await chat
                .Owner.PutAsync(
                    $"/api/v1/communities/{chat.Community}/members/{eve.Id}/timeout",
                    new { until = TimeProvider.System.GetUtcNow().AddDays(1) }
                )
                .JsonAsync();
        eve.SeeWhat(chat.Owner);

        foreach (var (method, (arguments, outside, timedOut)) in Methods)
            await CalledAsync(chat, eve, method, arguments(chat), how == "banned" ? outside : timedOut);
        foreach (var (topic, outside, timedOut) in Topics.Values)
            await FollowedAsync(chat, eve, topic(chat), how == "banned" ? outside : timedOut);
    }

    [Fact]
    public async Task One_topic_never_opens_another()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        string[] permitted = ["chart:top", "communities:mine", $"account:{chat.Stranger.Id}"];
        string[] forbidden =
        [
            .. Topics.Values.Where(t => t.Outside is not null).Select(t => t.Topic(chat)),
            $"account:{Guid.Empty}",
            $"channel:{Guid.Empty}",
            $"community:{Guid.Empty}",
        ];
        foreach (var no in forbidden)
        {
            var code = await CodeAsync(chat.Stranger, no);
            Assert.NotNull(code);
            foreach (var other in permitted)
            foreach (var topics in new[] { $"{other},{no}", $"{no},{other}" })
                await FollowedAsync(chat, chat.Stranger, topics, code);
        }
        // Both topics are closed and of one kind, and one id is unknown.
        foreach (var kind in (string[])["account", "channel", "community"])
        {
            var (theirs, nobodys) = (
                Topics[Enum.Parse<TopicKind>(kind, ignoreCase: true)].Topic(chat),
                $"{kind}:{Guid.Empty}"
            );
            await FollowedAsync(chat, chat.Stranger, $"{nobodys},{theirs}", await CodeAsync(chat.Stranger, nobodys));
            await FollowedAsync(chat, chat.Stranger, $"{theirs},{nobodys}", await CodeAsync(chat.Stranger, theirs));
        }
    }

    /// <summary>
    /// Refused as by REST, both with all scopes except one that a topic needs, and with <c>live:read</c> alone.
    /// </summary>
    [Theory]
    [MemberData(nameof(TopicKinds))]
    public async Task A_key_follows_only_what_it_may_read_over_rest(TopicKind kind)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var owner = await MemberAsync(chat);
        var topic = kind == TopicKind.Account ? $"account:{owner.Id}" : Topics[kind].Topic(chat);
        if (TopicScopes.Of(kind) is not { } needed)
        {
            await FollowedAsync(chat, await KeyAsync(owner, Scope.Grantable), topic, "topic_invalid");
            return;
        }
        Assert.NotEmpty(needed);
        await FollowedAsync(chat, await KeyAsync(owner, ["live:read"]), topic, "scope_missing");
        foreach (var scope in needed.Intersect(Scope.Grantable))
            await FollowedAsync(chat, await KeyAsync(owner, Scope.Grantable.Except([scope])), topic, "scope_missing");
        // The log is for analysts' keys. A key cannot follow an account, as REST gives keys no read markers.
        var whole = kind is TopicKind.Log or TopicKind.Account ? "scope_missing" : null;
        await FollowedAsync(chat, await KeyAsync(owner, Scope.Grantable), topic, whole);
    }

    [Theory]
    [MemberData(nameof(MethodNames))]
    public async Task No_method_is_open_to_a_key_that_may_only_connect(string method)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var owner = await MemberAsync(chat);
        await CalledAsync(
            chat,
            await KeyAsync(owner, ["live:read"]),
            method,
            Methods[method].Arguments(chat),
            "scope_missing"
        );
        await CalledAsync(chat, await KeyAsync(owner, Scope.Grantable), method, Methods[method].Arguments(chat), null);
    }

    [Fact]
    public void The_scopes_of_the_hub_are_those_that_rest_asks_for()
    {
        (TopicKind Kind, string Endpoint)[] same =
        [
            (TopicKind.Channel, "GET api/v1/channels/{channelId:guid}/messages"),
            (TopicKind.Community, "GET api/v1/communities/{communityId:guid}/members"),
            (TopicKind.Communities, "GET api/v1/communities/{communityId:guid}/channels"),
            (TopicKind.Communities, "GET api/v1/channels/{channelId:guid}/messages"),
            (TopicKind.Track, "GET api/v1/tracks/{trackId:guid}"),
            (TopicKind.Track, "GET api/v1/tracks/{trackId:guid}/comments"),
            (TopicKind.Broadcast, "GET api/v1/broadcasts/{broadcastId:guid}"),
            (TopicKind.Chart, "GET api/v1/charts/{chart}"),
            (TopicKind.Log, "GET api/v1/log"),
            (TopicKind.Account, "GET api/v1/accounts/me"),
            (TopicKind.Account, "GET api/v1/feed"),
            (TopicKind.Account, "GET api/v1/history"),
            (TopicKind.Account, "GET api/v1/accounts/{accountId:guid}/followers"),
            (TopicKind.Account, "GET api/v1/communities/{communityId:guid}/unread"),
        ];
        var asked = EveryEndpointTests
            .ClosedOf(veza)
            .ToLookup(
                e => $"{e.Method} {e.Endpoint.RoutePattern.RawText!.Trim('/')}",
                e => EveryEndpointTests.Needed(e.Method, e.Endpoint)
            );
        foreach (var (kind, endpoint) in same)
            Assert.Contains(Assert.Single(asked[endpoint].Distinct()), TopicScopes.Of(kind)!);
        Assert.Equal(
            Enum.GetValues<TopicKind>().Where(k => TopicScopes.Of(k) is not null).Order(),
            same.Select(s => s.Kind).Distinct().Order()
        );
        string[] ofMethods =
        [
            TopicScopes.ForCharts,
            TopicScopes.ForSettingPresence,
            TopicScopes.ForTyping,
            TopicScopes.ForWatching,
        ];
        Assert.Equal([], ofMethods.Except(Scope.Grantable));
    }

    [Fact]
    public async Task Nothing_is_done_over_a_connection_whose_session_has_ended()
    {
        var chat = await ChatSetting.CreateAsync(veza);
        var leaver = await MemberAsync(chat);
        using var peer = await WebSocketPeer.OpenAsync(veza.Address, leaver.AccessToken!);
        await peer.SendTextAsync(
            WebSocketPeer.Handshake
                + Call("chart", nameof(LiveHub.FollowChart), "top", null, null)
                + Call("watch", nameof(LiveHub.Watch), new object[] { new[] { $"channel:{chat.Channel}" } })
        );
        await peer.ReadUntilAsync("\"kind\":\"chart\"");
        await leaver.DeleteAsync("/api/v1/sessions/current").JsonAsync();
        var said = await peer.ReadUntilAsync("session_ended");
        if (!said.Contains("\"invocationId\":\"watch\"", StringComparison.Ordinal))
            await peer.ReadUntilAsync("\"invocationId\":\"watch\"");
        foreach (var (method, (arguments, _, _)) in Methods)
        {
            await peer.SendTextAsync(Call(method, method, arguments(chat)));
            Assert.Contains(
                $"\"invocationId\":\"{method}\"",
                await peer.ReadUntilAsync("session_ended: "),
                StringComparison.Ordinal
            );
        }
    }

    private static bool Streams(string method) =>
        typeof(LiveHub).GetMethod(method)!.ReturnType is { IsGenericType: true } returned
        && returned.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);

    private static string Call(string id, string method, params object?[] arguments) =>
        JsonSerializer.Serialize(
            new
            {
                type = Streams(method) ? 4 : 1,
                invocationId = id,
                target = method,
                arguments,
            }
        ) + '\u001e';

    /// <returns>The code with which REST refuses the topic; null when it does not.</returns>
    private static async Task<string?> CodeAsync(Person by, string topic)
    {
        using var answer = await by.GetAsync($"/api/v1/live?topics={topic}");
        return answer.StatusCode == HttpStatusCode.OK
            ? null
            : (await answer.JsonAsync(answer.StatusCode)).GetProperty("type").GetString()!["/problems/".Length..];
    }

    /// <summary>Not the shared person: an account has a bounded number of keys, and its sessions end here.</summary>
    private async Task<Person> MemberAsync(ChatSetting chat)
    {
        var member = await veza.RegisterAsync("member");
        await member.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        return member;
    }

    private async Task<Person> KeyAsync(Person owner, IEnumerable<string> scopes)
    {
        var made = await owner
            .PostAsync("/api/v1/api-keys", new { name = "bot", scopes = scopes.ToArray() })
            .JsonAsync(HttpStatusCode.Created);
        var key = new Person(veza, owner.Id, owner.UserName, made.GetProperty("key").GetString());
        key.SeeWhat(owner);
        return key;
    }

    private async Task CalledAsync(ChatSetting chat, Person by, string method, object?[] arguments, string? code)
    {
        var streams = Streams(method);
        Says(
            await SayAsync(
                chat,
                by,
                new
                {
                    type = streams ? 4 : 1,
                    invocationId = "1",
                    target = method,
                    arguments,
                },
                opens: streams && code is null
            ),
            method,
            code
        );
    }

    /// <summary>Asserts the same refusal over the hub and over REST.</summary>
    private async Task FollowedAsync(ChatSetting chat, Person by, string topic, string? code)
    {
        Says(await SayAsync(chat, by, Subscribes("1", topic), opens: code is null), topic, code);
        using var overRest = await by.GetAsync($"/api/v1/live?topics={topic}");
        if (code is null)
            Assert.Equal(HttpStatusCode.OK, overRest.StatusCode);
        else
            Assert.Equal(
                $"/problems/{code}",
                (await overRest.JsonAsync(overRest.StatusCode)).GetProperty("type").GetString()
            );
    }

    private static object Subscribes(string id, string topic) =>
        new
        {
            type = 4,
            invocationId = id,
            target = nameof(LiveHub.Subscribe),
            arguments = new object?[] { topic.Split(','), null },
        };

    private static void Says(string said, string what, string? code) =>
        Assert.True(
            code is null
                ? !said.Contains("\"error\"", StringComparison.Ordinal)
                : said.Contains($"{code}: ", StringComparison.Ordinal),
            $"{what}: {said}"
        );

    /// <param name="opens">
    /// A stream that may stay silent. It is ended after another one that always answers, so that there is an answer.
    /// </param>
    /// <returns>All messages up to the first of the call itself.</returns>
    private async Task<string> SayAsync(ChatSetting chat, Person by, object call, bool opens)
    {
        // Events written meanwhile must not be among them.
        await chat.SendAsync(chat.Owner, "for members only");
        using var peer = await WebSocketPeer.OpenAsync(veza.Address, by.AccessToken!);
        await peer.SendTextAsync(WebSocketPeer.Handshake + JsonSerializer.Serialize(call) + '\u001e');
        var said = "";
        if (opens)
        {
            await peer.SendTextAsync(JsonSerializer.Serialize(Subscribes("2", "communities:mine")) + '\u001e');
            said = await peer.ReadUntilAsync("\"invocationId\":\"2\"");
            await peer.SendTextAsync("""{"type":5,"invocationId":"1"}""" + '\u001e');
        }
        if (!said.Contains("\"invocationId\":\"1\"", StringComparison.Ordinal))
            said += await peer.ReadUntilAsync("\"invocationId\":\"1\"");
        Assert.DoesNotContain("for members only", said, StringComparison.Ordinal);
        return said;
    }
}
