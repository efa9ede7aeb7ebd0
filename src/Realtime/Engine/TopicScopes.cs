using Veza.Projections.Topics;

namespace Veza.Realtime.Engine;

/// <summary>
/// The scopes that an API key needs beside <c>live:read</c> to follow a topic: all that REST requires for the same
/// data. A signed-in person needs none, and may follow everything the account may see.
/// </summary>
public static class TopicScopes
{
    /// <summary>For sending that the account types in a channel, as writers do.</summary>
    public const string ForTyping = "messages:write";

    public const string ForSettingPresence = "presence:write";

    /// <summary>For watching presence, beside the scopes of the watched topic.</summary>
    public const string ForWatching = "presence:read";

    public const string ForCharts = "charts:read";

    private static readonly string[] Channel = ["messages:read"];
    private static readonly string[] Community = ["communities:read"];
    private static readonly string[] Communities = ["communities:read", "messages:read"];
    private static readonly string[] Track = ["tracks:read", "comments:read", "likes:read"];
    private static readonly string[] Broadcast = ["broadcasts:read"];
    private static readonly string[] Chart = [ForCharts];
    private static readonly string[] Log = [LiveCaller.LogReadScope];

    /// <remarks>
    /// No key can have them all: REST gives keys no read markers, so <c>reading:read</c> is never granted.
    /// </remarks>
    private static readonly string[] Account =
    [
        "reading:read",
        "accounts:read",
        "feed:read",
        "follows:read",
        "likes:read",
        "comments:read",
        "listening:read",
        "tracks:read",
        "broadcasts:read",
        "communities:read",
    ];

    /// <returns>Null for an internal kind, which no client may follow with any scopes.</returns>
    public static IReadOnlyList<string>? Of(TopicKind kind) =>
        kind switch
        {
            TopicKind.Channel => Channel,
            TopicKind.Community => Community,
            TopicKind.Communities => Communities,
            TopicKind.Account => Account,
            TopicKind.Track => Track,
            TopicKind.Broadcast => Broadcast,
            TopicKind.Chart => Chart,
            TopicKind.Log => Log,
            // Internal kinds, and new ones that have no rule here.
            _ => null,
        };
}
