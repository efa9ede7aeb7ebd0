namespace Veza.Realtime;

/// <summary>
/// What an API key needs beside <c>live:read</c> to follow a topic: every scope under which REST gives what the topic
/// carries. The scopes of a sign-in's own requests do not matter here; a person may follow what their account may see.
/// </summary>
public static class TopicScopes
{
    /// <summary>For saying that the account types in a channel: it is done by who writes there.</summary>
    public const string ForTyping = "messages:write";

    public const string ForSettingPresence = "presence:write";

    /// <summary>For watching presence, beside what the watched topic itself needs.</summary>
    public const string ForWatching = "presence:read";

    public const string ForCharts = "charts:read";

    private static readonly string[] Channel = ["messages:read"];
    private static readonly string[] Community = ["communities:read"];
    private static readonly string[] Communities = ["communities:read", "messages:read"];
    private static readonly string[] Track = ["tracks:read", "comments:read", "likes:read"];
    private static readonly string[] Broadcast = ["broadcasts:read"];
    private static readonly string[] Chart = [ForCharts];
    private static readonly string[] Log = [LiveCaller.LogReadScope];

    /// <remarks>REST gives no key the read markers among it: <c>reading:read</c> cannot be granted.</remarks>
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

    /// <returns>Null for what is no client's topic; nobody may follow that, with whatever scopes.</returns>
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
            // The engine's own kinds, and whatever is added without being decided here.
            _ => null,
        };
}
