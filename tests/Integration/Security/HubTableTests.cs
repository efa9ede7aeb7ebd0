using System.Net;
using System.Reflection;
using System.Text.Json;
using Veza.Integration.Tests.Chat;
using Veza.Integration.Tests.Live;
using Veza.Realtime;

namespace Veza.Integration.Tests.Security;

/// <summary>Every method of the hub and every topic, with what somebody gets who must not have it. One that is added fails here until it has an entry. Connecting itself is among the endpoints.</summary>
public class HubTableTests(VezaServer veza)
{
    /// <summary>
    /// What a method is called with about a community, and the codes of the refusals: to somebody of another community or banned from this one, and to who is timed out in it, who reads on.
    /// Null where they may.
    /// </summary>
    private static readonly Dictionary<string, (Func<ChatSetting, object?[]> Arguments, string? Outside, string? TimedOut)> Methods = new()
    {
        [nameof(LiveHub.Subscribe)] = (chat => [new[] { $"channel:{chat.Channel}" }, null], "permission_missing", null),
        [nameof(LiveHub.Resume)] = (chat => [new[] { $"channel:{chat.Channel}" }, 1, "1"], "permission_missing", null),
        [nameof(LiveHub.Watch)] = (chat => [new[] { $"community:{chat.Community}" }], "permission_missing", null),
        [nameof(LiveHub.Typing)] = (chat => [chat.Channel], "permission_missing", "permission_missing"),
        [nameof(LiveHub.SetPresence)] = (_ => ["online"], null, null),
        [nameof(LiveHub.FollowChart)] = (_ => ["top", null, null], null, null),
    };

    private static readonly Dictionary<TopicKind, (Func<ChatSetting, string> Topic, string? Outside, string? TimedOut)> Topics = new()
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
        [TopicKind.Followers] = (chat => $"followers:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
        [TopicKind.Withdrawn] = (chat => $"withdrawn:{chat.Owner.Id}", "topic_invalid", "topic_invalid"),
    };

    public static TheoryData<string> MethodNames => [.. Methods.Keys];
    public static TheoryData<TopicKind> TopicKinds => [.. Topics.Keys];

    [Fact]
    public void Every_method_and_every_topic_has_an_entry()
    {
        var methods = typeof(LiveHub).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(m => m.GetBaseDefinition().DeclaringType == typeof(LiveHub));
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
    public async Task No_topic_is_opened_to_somebody_it_is_not_for(TopicKind kind)
    {
        var chat = await ChatSetting.CreateAsync(veza);
        await FollowedAsync(chat, chat.Stranger, Topics[kind].Topic(chat), Topics[kind].Outside);
    }

    [Theory]
    [InlineData("banned")]
    [InlineData("timed out")]
    public async Task Whoever_is_sanctioned_follows_only_what_is_left_to_them(string how)
    {
        var (chat, eve) = (await ChatSetting.CreateAsync(veza), await veza.RegisterAsync("eve"));
        await eve.PutAsync($"/api/v1/communities/{chat.Community}/members/me").JsonAsync();
        if (how == "banned") await chat.Owner.PutAsync($"/api/v1/communities/{chat.Community}/bans/{eve.Id}", new { }).JsonAsync();
        else await chat.Owner.PutAsync($"/api/v1/communities/{chat.Community}/members/{eve.Id}/timeout", new { until = TimeProvider.System.GetUtcNow().AddDays(1) }).JsonAsync();
        eve.SeeWhat(chat.Owner);

        foreach (var (method, (arguments, outside, timedOut)) in Methods) await CalledAsync(chat, eve, method, arguments(chat), how == "banned" ? outside : timedOut);
        foreach (var (topic, outside, timedOut) in Topics.Values) await FollowedAsync(chat, eve, topic(chat), how == "banned" ? outside : timedOut);
    }

    private async Task CalledAsync(ChatSetting chat, Person by, string method, object?[] arguments, string? code)
    {
        var streams = typeof(LiveHub).GetMethod(method)!.ReturnType is { IsGenericType: true } returned && returned.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
        Says(await SayAsync(chat, by, new { type = streams ? 4 : 1, invocationId = "1", target = method, arguments }, opens: streams && code is null), method, code);
    }

    /// <summary>Over the hub and over REST.</summary>
    private async Task FollowedAsync(ChatSetting chat, Person by, string topic, string? code)
    {
        Says(await SayAsync(chat, by, Subscribes("1", topic), opens: code is null), topic, code);
        using var overRest = await by.GetAsync($"/api/v1/live?topics={topic}");
        if (code is null) Assert.Equal(HttpStatusCode.OK, overRest.StatusCode);
        else Assert.Equal($"/problems/{code}", (await overRest.JsonAsync(overRest.StatusCode)).GetProperty("type").GetString());
    }

    private static object Subscribes(string id, string topic) => new { type = 4, invocationId = id, target = nameof(LiveHub.Subscribe), arguments = new object?[] { new[] { topic }, null } };

    private static void Says(string said, string what, string? code) =>
        Assert.True(code is null ? !said.Contains("\"error\"", StringComparison.Ordinal) : said.Contains($"{code}: ", StringComparison.Ordinal), $"{what}: {said}");

    /// <param name="opens">A stream that may have nothing to say: it is ended, after another that always has something, so that there is an answer.</param>
    /// <returns>All that is said until something of the call itself is.</returns>
    private async Task<string> SayAsync(ChatSetting chat, Person by, object call, bool opens)
    {
        // What is written meanwhile must not be among it.
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
        if (!said.Contains("\"invocationId\":\"1\"", StringComparison.Ordinal)) said += await peer.ReadUntilAsync("\"invocationId\":\"1\"");
        Assert.DoesNotContain("for members only", said, StringComparison.Ordinal);
        return said;
    }
}
