namespace Veza.Projections.Topics;

/// <summary>
/// The kinds of topics. Clients may subscribe to those up to <see cref="Log"/>; the others are internal and never
/// shown.
/// </summary>
public enum TopicKind
{
    Channel,
    Account,
    Track,
    Broadcast,
    Chart,

    /// <summary>Members who join and leave a community, and channels created in it.</summary>
    Community,

    /// <summary>Every community the caller is a member of, with all its channels, from joining to leaving.</summary>
    Communities,

    Log,

    /// <summary>What an account does that its followers see.</summary>
    Activity,

    /// <summary>Events that concern an account, whose other receivers must not learn whom.</summary>
    Private,

    /// <summary>Events that change which topics an account's open subscriptions receive.</summary>
    Access,

    /// <summary>Roles and overwrites of a community: they change which channels its members see.</summary>
    Visibility,

    /// <summary>
    /// Who follows an account. Only point-in-time queries read this topic and <see cref="Withdrawn"/>, through the
    /// index of topics.
    /// </summary>
    Followers,

    /// <summary>Events that end an account's <see cref="Activity"/>: taken back, over, or failed.</summary>
    Withdrawn,
}

/// <summary>
/// The subject of a subscription: <c>channel:{id}</c>, <c>account:{id}</c>, <c>track:{id}</c>, <c>broadcast:{id}</c>,
/// <c>community:{id}</c>, <c>communities:mine</c>, <c>chart:{name}</c> or <c>log</c>.
/// </summary>
/// <param name="Id">Empty for charts, <c>communities:mine</c> and the log.</param>
/// <param name="Name">The chart's name; null for all other kinds.</param>
public readonly record struct Topic(TopicKind Kind, Guid Id, string? Name = null)
{
    /// <summary>Characters; the longest kind with a UUID has 46.</summary>
    public const int LengthMax = 64;

    public static readonly Topic Log = new(TopicKind.Log, Guid.Empty);
    public static readonly Topic Mine = new(TopicKind.Communities, Guid.Empty);
    public static readonly Topic TopChart = new(TopicKind.Chart, Guid.Empty, "top");
    public static readonly Topic TrendingChart = new(TopicKind.Chart, Guid.Empty, "trending");

    public static Topic Channel(Guid id) => new(TopicKind.Channel, id);

    public static Topic Account(Guid id) => new(TopicKind.Account, id);

    public static Topic Track(Guid id) => new(TopicKind.Track, id);

    public static Topic Broadcast(Guid id) => new(TopicKind.Broadcast, id);

    public static Topic Activity(Guid account) => new(TopicKind.Activity, account);

    public static Topic Private(Guid account) => new(TopicKind.Private, account);

    public static Topic Access(Guid account) => new(TopicKind.Access, account);

    public static Topic Visibility(Guid community) => new(TopicKind.Visibility, community);

    public static Topic Community(Guid id) => new(TopicKind.Community, id);

    public static Topic Followers(Guid account) => new(TopicKind.Followers, account);

    public static Topic Withdrawn(Guid account) => new(TopicKind.Withdrawn, account);

    private static readonly string[] KindNames = [.. Enum.GetNames<TopicKind>().Select(n => n.ToLowerInvariant())];

    /// <summary>The text before the colon.</summary>
    public string KindName => KindNames[(int)Kind];

    /// <summary>Whether clients may subscribe to topics of this kind.</summary>
    public bool IsPublic => Kind <= TopicKind.Log;

    /// <summary>
    /// The key of the topic's rows in the index: <c>channel:{id}</c> by kind and id, a topic without an id by its whole
    /// text.
    /// </summary>
    public (string Kind, Guid Id) IndexKey => (Id == Guid.Empty ? ToString() : KindName, Id);

    /// <summary>Parses a topic that clients may subscribe to, in exactly the form of <see cref="ToString"/>.</summary>
    public static bool TryParse(string? text, out Topic topic)
    {
        topic = default;
        if (text is null or { Length: 0 or > LengthMax })
            return false;
        Topic? named = text switch
        {
            "log" => Log,
            "communities:mine" => Mine,
            "chart:top" => TopChart,
            "chart:trending" => TrendingChart,
            _ => null,
        };
        if (named is { } found)
        {
            topic = found;
            return true;
        }
        var colon = text.IndexOf(':');
        if (colon < 0 || KindWithId(text[..colon]) is not { } kind)
            return false;
        if (!Guid.TryParseExact(text.AsSpan(colon + 1), "D", out var id))
            return false;
        topic = new(kind, id);
        // Guid accepts white space and capitals; a topic has one spelling.
        return topic.ToString() == text;
    }

    private static TopicKind? KindWithId(string kind) =>
        kind switch
        {
            "channel" => TopicKind.Channel,
            "account" => TopicKind.Account,
            "track" => TopicKind.Track,
            "broadcast" => TopicKind.Broadcast,
            "community" => TopicKind.Community,
            _ => null,
        };

    public override string ToString() =>
        Kind switch
        {
            TopicKind.Log => "log",
            TopicKind.Communities => "communities:mine",
            TopicKind.Chart => $"chart:{Name}",
            _ => $"{KindName}:{Id:D}",
        };
}
