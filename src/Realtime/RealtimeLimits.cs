namespace Veza.Realtime;

/// <summary>The bounds of live subscriptions, each with its reason.</summary>
/// <param name="MaxConnections">
/// Live connections of a process, hub and server-sent events together; more get 503. <c>MAX_CONNECTIONS</c>.
/// </param>
public sealed record RealtimeLimits(int MaxConnections = 100_000)
{
    /// <summary>A page shows some ten things at once; each subscription has a cursor of its own.</summary>
    public int SubscriptionsPerConnectionMax { get; init; } = 50;

    /// <summary>Every channel of the largest communities fits; authorising them stays one query.</summary>
    public int TopicsPerSubscriptionMax { get; init; } = 500;

    /// <summary>
    /// Whose uploads, reposts and broadcasts one <c>account</c> topic carries; the feed itself shows all.
    /// </summary>
    public int FolloweesMax { get; init; } = 10_000;

    /// <summary>
    /// Channels of all the communities that one <c>communities:mine</c> follows: some 100 bytes each on the server, for
    /// every subscription.
    /// </summary>
    public int ChannelsOfMineMax { get; init; } = 10_000;

    /// <summary>
    /// What is worth catching up with event by event; beyond it reading the state anew is quicker for both sides.
    /// </summary>
    public long CatchUpEventsMax { get; init; } = 1_000_000;

    /// <summary>
    /// Events behind the tail from which on the index of topics is asked: below it reading them all is a few pages,
    /// hardly more than the question.
    /// </summary>
    public int IndexedFromEvents { get; init; } = 5_000;

    /// <summary>Items in a batch, and events looked at in one go: what a stopped client holds on to.</summary>
    public int BatchItemsMax { get; init; } = 500;

    /// <summary>Bytes of items in a batch; a single larger item still goes.</summary>
    public int BatchBytesMax { get; init; } = 256 << 10;

    /// <summary>
    /// Events that may pass before a subscription they do not concern hears of its new position: less than the tail
    /// holds, so that resuming needs no database.
    /// </summary>
    public long MovedAfterEvents { get; init; } = 50_000;

    /// <summary>After so long it hears of it however few they were.</summary>
    public TimeSpan MovedEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Subscriptions that read the database at once; the others wait, so that a great reconnecting leaves room for
    /// commands and queries.
    /// </summary>
    public int CatchUpReadsAtOnce { get; init; } = 8;

    /// <summary>
    /// Subscriptions that are authorised at once, in a few look-ups each; the others wait, however many come back
    /// together: on a wait of theirs there is no limit, on one for a connection to the database there is, and whoever
    /// sends a command meanwhile needs one too.
    /// </summary>
    public int AuthorisedAtOnce { get; init; } = 16;

    /// <summary>One account's share of the two above: half, however many devices come back together.</summary>
    public int AuthorisedPerAccount => Math.Max(1, AuthorisedAtOnce / 2);

    /// <inheritdoc cref="AuthorisedPerAccount"/>
    public int CatchUpReadsPerAccount => Math.Max(1, CatchUpReadsAtOnce / 2);

    /// <summary>
    /// Subscriptions that wait for either. Every connection of the largest process may come back at once, with several.
    /// </summary>
    public int WaitingMax { get; init; } = 500_000;

    /// <summary>
    /// How long subscribing waits for the read models that authorise it; longer than any healthy lag.
    /// </summary>
    public TimeSpan AuthoriseWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a stopping process waits until its subscribers have been told, and once more until they have gone.
    /// </summary>
    public TimeSpan FarewellMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How often client and server say that they are there, unless the client says otherwise. Proxies cut connections
    /// that are silent for 30 or 60 seconds; SignalR's clients ping as often.
    /// </summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The longest a client may choose: few proxies cut later, and who is gone should be noticed within a minute or so.
    /// </summary>
    public TimeSpan KeepAliveMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long a network may stall: so much later than expected a ping may come before its sender is taken for gone.
    /// </summary>
    public TimeSpan StallMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// A client's ping is answered with one unless something else was sent so lately: by the time it pings again it
    /// would be owed one.
    /// </summary>
    public static TimeSpan PingAnsweredAfter(TimeSpan keepAlive) => keepAlive * (2.0 / 3);

    /// <summary>A client that has not shaken hands by then holds a connection for nothing.</summary>
    public TimeSpan HandshakeMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a message from a client: room for the longest list of topics.</summary>
    public long ReceiveBytesMax { get; init; } = 64 << 10;

    /// <summary>
    /// How long a client may take nothing of what was written to it; then it is disconnected, and resumes where it was
    /// when it reads again. Longer than a phone is without a network between two cells; until then it holds one batch
    /// and what fits into its buffers.
    /// </summary>
    public TimeSpan StoppedReadingMax { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Bytes written ahead of a client's socket by the transports that SignalR itself serves, before the server's own
    /// buffer; after that its cursor waits.
    /// </summary>
    public long SendBufferBytes { get; init; } = 16 << 10;
}
