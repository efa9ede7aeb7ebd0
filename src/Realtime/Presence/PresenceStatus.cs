using System.Text.Json.Serialization;

namespace Veza.Realtime.Presence;

/// <summary>
/// How an account is there. Of several devices the greatest counts, unless one is invisible: who wants to be unseen is,
/// whatever else runs somewhere.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<PresenceStatus>))]
public enum PresenceStatus
{
    [JsonStringEnumMemberName("offline")]
    Offline,

    [JsonStringEnumMemberName("idle")]
    Idle,

    [JsonStringEnumMemberName("online")]
    Online,

    [JsonStringEnumMemberName("dnd")]
    DoNotDisturb,

    [JsonStringEnumMemberName("invisible")]
    Invisible,
}

public static class PresenceStatuses
{
    /// <summary>To everybody else.</summary>
    public static PresenceStatus Shown(this PresenceStatus status) =>
        status == PresenceStatus.Invisible ? PresenceStatus.Offline : status;

    /// <returns>Null for what no device can say of itself.</returns>
    public static PresenceStatus? Parse(string? text) =>
        text switch
        {
            "idle" => PresenceStatus.Idle,
            "online" => PresenceStatus.Online,
            "dnd" => PresenceStatus.DoNotDisturb,
            "invisible" => PresenceStatus.Invisible,
            _ => null,
        };
}

/// <summary>
/// What a device is told: how others are, who is typing, and which topics it watches no longer. Every list may be
/// empty, not all.
/// </summary>
/// <param name="Closed">
/// Topics whose community the caller has left; all of them when the session has ended, and nothing follows.
/// </param>
public sealed record PresenceMessage(
    IReadOnlyList<PresenceItem> Presence,
    IReadOnlyList<TypingItem> Typing,
    IReadOnlyList<string> Closed
);

public sealed record PresenceItem(Guid AccountId, PresenceStatus Status);

/// <param name="ExpiresInMs">After so long without another one, the account has stopped.</param>
public sealed record TypingItem(Guid ChannelId, Guid AccountId, int ExpiresInMs);

/// <summary>
/// The bounds of presence and typing, each with its reason. Neither is worth anything late, so what exceeds them is
/// dropped.
/// </summary>
public sealed record PresenceLimits
{
    /// <summary>More than anybody carries; each is told to every node.</summary>
    public int DevicesPerAccountMax { get; init; } = 20;

    /// <summary>Topics of one watch: the channel one looks at and the communities in sight.</summary>
    public int TopicsPerWatchMax { get; init; } = 50;

    /// <summary>One device's changes of its status; a person makes them minutes apart.</summary>
    public TimeSpan StatusEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>One device's typing that is passed on; a client sends it at keystrokes.</summary>
    public TimeSpan TypingEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a pause for thought, shorter than one notices that nothing comes.</summary>
    public TimeSpan TypingExpiresAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>What a node tells the others, and its own watchers, is gathered for so long.</summary>
    public TimeSpan TellEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Typing that a node passes on in that time; more is dropped.</summary>
    public int TypingPerTellMax { get; init; } = 200;

    /// <summary>
    /// Accounts whose change waits to be told to this node's watchers; more are dropped, and read by who asks.
    /// </summary>
    public int ChangesWaitingMax { get; init; } = 10_000;

    /// <summary>What waits for one watcher that does not read; more is dropped.</summary>
    public int WaitingPerWatchMax { get; init; } = 1_000;

    /// <summary>A node whose live topics are so many events behind has better things to do.</summary>
    public long BehindEventsMax { get; init; } = 1_000;

    /// <summary>A node with nothing to tell says that it is there.</summary>
    public TimeSpan AliveEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After so long without a word a node is gone, and with it whoever was there only.</summary>
    public TimeSpan GoneAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Accounts of which a node remembers when they were last there, at some 60 bytes; the rest of them is forgotten.
    /// </summary>
    public int LastSeenMax { get; init; } = 100_000;
}
