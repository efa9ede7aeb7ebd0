namespace Veza.Realtime.Engine;

/// <summary>The bounds of live subscriptions, each with its reason.</summary>
/// <param name="MaxConnections">
/// Live connections of a process, hub and server-sent events together; more get 503. <c>MAX_CONNECTIONS</c>.
/// </param>
public sealed record RealtimeLimits(int MaxConnections = 100_000)
{
    /// <summary>A page follows some ten subjects together, and each subscription has its cursor.</summary>
    public int SubscriptionsPerConnectionMax { get; init; } = 50;

    /// <summary>Enough for every channel of the largest communities; authorising them stays one query.</summary>
    public int TopicsPerSubscriptionMax { get; init; } = 500;

    /// <summary>
    /// Followed accounts whose uploads, reposts and broadcasts one <c>account</c> topic carries; the feed shows all.
    /// </summary>
    public int FolloweesMax { get; init; } = 10_000;

    /// <summary>
    /// Channels of all communities of one <c>communities:mine</c>. Each takes some 100 bytes on the server, for every
    /// subscription.
    /// </summary>
    public int ChannelsOfMineMax { get; init; } = 10_000;

    /// <summary>
    /// Events behind the head that are worth catching up with; above it, reading the state again is quicker for both
    /// sides.
    /// </summary>
    public long CatchUpEventsMax { get; init; } = 1_000_000;

    /// <summary>
    /// The lag in events above which the index of topics is read. Below it, reading all events takes a few pages,
    /// hardly more than the index query.
    /// </summary>
    public int IndexedFromEvents { get; init; } = 5_000;

    /// <summary>Items in a batch, and events in a page: the memory that a stalled client holds.</summary>
    public int BatchItemsMax { get; init; } = 500;

    /// <summary>Bytes of items in a batch; a single larger item is still sent.</summary>
    public int BatchBytesMax { get; init; } = 256 << 10;

    /// <summary>
    /// Events of others after which a subscription sends its new position: fewer than the tail holds, so that resuming
    /// needs no database.
    /// </summary>
    public long MovedAfterEvents { get; init; } = 50_000;

    /// <summary>The interval after which it sends its new position, however few events there were.</summary>
    public TimeSpan MovedEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Subscriptions that read the database in parallel. The others wait, so that a mass reconnect leaves connections
    /// for commands and queries.
    /// </summary>
    public int CatchUpReadsAtOnce { get; init; } = 8;

    /// <summary>
    /// Subscriptions that are authorised in parallel, with a few look-ups each. The others wait here, without a time
    /// limit. Waiting for a database connection has one, and commands need connections too.
    /// </summary>
    public int AuthorisedAtOnce { get; init; } = 16;

    /// <summary>
    /// One account's share of the parallel subscriptions: half, however many devices reconnect together.
    /// </summary>
    public int AuthorisedPerAccount => Math.Max(1, AuthorisedAtOnce / 2);

    /// <inheritdoc cref="AuthorisedPerAccount"/>
    public int CatchUpReadsPerAccount => Math.Max(1, CatchUpReadsAtOnce / 2);

    /// <summary>
    /// Subscriptions that wait for either. Every connection of the largest process may reconnect together, with several
    /// subscriptions each.
    /// </summary>
    public int WaitingMax { get; init; } = 500_000;

    /// <summary>
    /// The age of messages that a client gets when it resumes in a channel whose history it may not read. A client that
    /// was away for so long misses none of those that it would have got.
    /// </summary>
    public TimeSpan WithoutHistoryMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The wait for the read models that authorise a subscription; longer than any healthy lag.
    /// </summary>
    public TimeSpan AuthoriseWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a stopping process waits until its subscribers have the last message, and again until they have left.
    /// </summary>
    public TimeSpan FarewellMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The interval of client and server pings, unless the client chooses another. Proxies cut connections that are
    /// silent for 30 or 60 seconds; SignalR's clients ping at this interval.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The longest interval a client may choose: most proxies cut no later, and a lost client should be noticed within
    /// about a minute.
    /// </summary>
    public TimeSpan KeepAliveMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a network may stall: a client counts as gone when its ping is this much overdue.
    /// </summary>
    public TimeSpan StallMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A client's ping is answered with a ping if nothing was sent for this long: before the client's next ping, one
    /// would be due.
    /// </summary>
    public static TimeSpan PingAnsweredAfter(TimeSpan keepAlive) => keepAlive * (2.0 / 3);

    /// <summary>A client without a handshake by then holds a connection for nothing.</summary>
    public TimeSpan HandshakeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a message from a client: enough for the longest list of topics.</summary>
    public long ReceiveBytesMax { get; init; } = 64 << 10;

    /// <summary>
    /// How long a client may read nothing before it is disconnected; it resumes from its position later. Longer than a
    /// phone loses its network between two cells. Until then it holds one batch and full socket buffers.
    /// </summary>
    public TimeSpan StoppedReadingMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Bytes written ahead of a client's socket by the transports that SignalR itself serves, before the server's own
    /// buffer; after that its cursor waits.
    /// </summary>
    public long SendBufferBytes { get; init; } = 16 << 10;
}
