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
    private const string Handshake = """{"protocol":"json","version":1}""" + "\u001e";

    /// <summary>What a method is called with by somebody of another community, and the code of the refusal; null where anybody who is signed in may.</summary>
    private static readonly Dictionary<string, (Func<ChatSetting, object?[]> Arguments, string? Code)> Methods = new()
    {
        [nameof(LiveHub.Subscribe)] = (chat => [new[] { $"channel:{chat.Channel}" }, null], "permission_missing"),
        [nameof(LiveHub.Resume)] = (chat => [new[] { $"channel:{chat.Channel}" }, 1, "1"], "permission_missing"),
        [nameof(LiveHub.Watch)] = (chat => [new[] { $"community:{chat.Community}" }], "permission_missing"),
        [nameof(LiveHub.Typing)] = (chat => [chat.Channel], "permission_missing"),
        [nameof(LiveHub.SetPresence)] = (_ => ["online"], null),
        [nameof(LiveHub.FollowChart)] = (_ => ["top", null, null], null),
    };

    private static readonly Dictionary<TopicKind, (Func<ChatSetting, string> Topic, string? Code)> Topics = new()
    {
        [TopicKind.Channel] = (chat => $"channel:{chat.Channel}", "permission_missing"),
        [TopicKind.Community] = (chat => $"community:{chat.Community}", "permission_missing"),
        [TopicKind.Account] = (chat => $"account:{chat.Owner.Id}", "not_own_account"),
        [TopicKind.Log] = (_ => "log", "scope_missing"),
        [TopicKind.Communities] = (_ => "communities:mine", null),
        [TopicKind.Track] = (_ => $"track:{Guid.CreateVersion7()}", null),
        [TopicKind.Broadcast] = (_ => $"broadcast:{Guid.CreateVersion7()}", null),
        [TopicKind.Chart] = (_ => "chart:top", null),
        [TopicKind.Activity] = (chat => $"activity:{chat.Owner.Id}", "topic_invalid"),
        [TopicKind.Private] = (chat => $"private:{chat.Owner.Id}", "topic_invalid"),
        [TopicKind.Access] = (chat => $"access:{chat.Owner.Id}", "topic_invalid"),
        [TopicKind.Followers] = (chat => $"followers:{chat.Owner.Id}", "topic_invalid"),
        [TopicKind.Withdrawn] = (chat => $"withdrawn:{chat.Owner.Id}", "topic_invalid"),
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
        var (arguments, code) = Methods[method];
        var chat = await ChatSetting.CreateAsync(veza);
        var streams = typeof(LiveHub).GetMethod(method)!.ReturnType is { IsGenericType: true } returned && returned.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
        var said = await SayAsync(chat, JsonSerializer.Serialize(new { type = streams ? 4 : 1, invocationId = "1", target = method, arguments = arguments(chat) }));
        if (code is not null) Assert.Contains($"{code}: ", said, StringComparison.Ordinal);
        else Assert.DoesNotContain("\"error\"", said, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(TopicKinds))]
    public async Task No_topic_is_opened_to_somebody_it_is_not_for(TopicKind kind)
    {
        var (topic, code) = Topics[kind];
        var chat = await ChatSetting.CreateAsync(veza);
        var said = await SayAsync(chat, JsonSerializer.Serialize(new { type = 4, invocationId = "1", target = nameof(LiveHub.Subscribe), arguments = new object?[] { new[] { topic(chat) }, null } }));
        if (code is not null) Assert.Contains($"{code}: ", said, StringComparison.Ordinal);
        else Assert.DoesNotContain("\"error\"", said, StringComparison.Ordinal);
        var overRest = await chat.Stranger.GetAsync($"/api/v1/live?topics={topic(chat)}");
        if (code is null) Assert.Equal(HttpStatusCode.OK, overRest.StatusCode);
        else Assert.Equal($"/problems/{code}", (await overRest.JsonAsync(overRest.StatusCode)).GetProperty("type").GetString());
        overRest.Dispose();
    }

    /// <returns>All that is said until something of the call itself is.</returns>
    private async Task<string> SayAsync(ChatSetting chat, string message)
    {
        // What is written meanwhile must not be among it.
        await chat.SendAsync(chat.Owner, "for members only");
        using var peer = await WebSocketPeer.OpenAsync(veza.Address, chat.Stranger.AccessToken!);
        await peer.SendTextAsync(Handshake + message + '\u001e');
        var said = await peer.ReadUntilAsync("\"invocationId\":\"1\"");
        Assert.DoesNotContain("for members only", said, StringComparison.Ordinal);
        return said;
    }
}
