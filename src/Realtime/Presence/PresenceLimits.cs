namespace Veza.Realtime.Presence;

/// <summary>
/// The bounds of presence and typing, each with its reason. Late messages are worthless, so messages above a bound are
/// dropped.
/// </summary>
public sealed record PresenceLimits
{
    /// <summary>More than any person uses; every node hears of each.</summary>
    public int DevicesPerAccountMax { get; init; } = 20;

    /// <summary>Topics of one watch: the open channel and the visible communities.</summary>
    public int TopicsPerWatchMax { get; init; } = 50;

    /// <summary>The shortest time between a device's status changes; people make them minutes apart.</summary>
    public TimeSpan StatusEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between a device's typing messages; a client sends them at keystrokes.</summary>
    public TimeSpan TypingEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longer than a writer's pause to think, and short enough that readers do not wait in vain.</summary>
    public TimeSpan TypingExpiresAfter { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The interval in which a node collects messages for the other nodes and its watchers.</summary>
    public TimeSpan SendEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Typing messages of a node in that interval; more are dropped.</summary>
    public int TypingPerSendMax { get; init; } = 200;

    /// <summary>
    /// Accounts whose change waits for this node's watchers. More are dropped; REST still answers their status.
    /// </summary>
    public int ChangesWaitingMax { get; init; } = 10_000;

    /// <summary>Messages that wait for a watcher that does not read; more are dropped.</summary>
    public int WaitingPerWatchMax { get; init; } = 1_000;

    /// <summary>A node whose live topics are this many events behind drops typing, to catch up first.</summary>
    public long BehindEventsMax { get; init; } = 1_000;

    /// <summary>The interval in which an idle node sends an empty message, as its heartbeat.</summary>
    public TimeSpan AliveEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A node silent for this long counts as gone, and its devices with it.</summary>
    public TimeSpan GoneAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Accounts whose last time online a node keeps, at some 60 bytes each; others are evicted.
    /// </summary>
    public int LastSeenMax { get; init; } = 100_000;
}
