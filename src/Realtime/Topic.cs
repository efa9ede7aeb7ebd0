namespace Veza.Realtime;

/// <summary>
/// Those up to the log are what clients subscribe to; the others are the engine's own and never shown.
/// </summary>
public enum TopicKind
{
    Channel,
    Account,
    Track,
    Broadcast,
    Chart,

    /// <summary>Who comes to a community and goes, and which channels are made in it.</summary>
    Community,

    /// <summary>Every community the caller is a member of, with all its channels, from joining to leaving.</summary>
    Communities,

    Log,

    /// <summary>What an account does that its followers hear of.</summary>
    Activity,

    /// <summary>What concerns an account without the other receivers being told whom.</summary>
    Private,

    /// <summary>What changes the topics that an account's open subscriptions receive.</summary>
    Access,

    /// <summary>
    /// Who follows an account; like the one below it is looked up in the index of topics, by who asks for the past, and
    /// subscribed to by nobody.
    /// </summary>
    Followers,

    /// <summary>What ends an account's <see cref="Activity"/>: it is taken back, over, or has failed.</summary>
    Withdrawn,
}

/// <summary>
/// What a subscription is about: <c>channel:{id}</c>, <c>account:{id}</c>, <c>track:{id}</c>, <c>broadcast:{id}</c>,
/// <c>community:{id}</c>,
/// <c>communities:mine</c>, <c>chart:{name}</c> or <c>log</c>.
/// </summary>
/// <param name="Id">Empty for charts, one's communities and the log.</param>
/// <param name="Name">Of a chart; null for all others.</param>
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

    public static Topic Community(Guid id) => new(TopicKind.Community, id);

    public static Topic Followers(Guid account) => new(TopicKind.Followers, account);

    public static Topic Withdrawn(Guid account) => new(TopicKind.Withdrawn, account);

    private static readonly string[] KindNames = [.. Enum.GetNames<TopicKind>().Select(n => n.ToLowerInvariant())];

    /// <summary>What a topic's text begins with.</summary>
    public string KindName => KindNames[(int)Kind];

    public bool IsPublic => Kind <= TopicKind.Log;

    /// <summary>Reads what a client may subscribe to, in exactly the form that <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out Topic topic)
    {
        topic = default;
        if (text is null or { Length: 0 or > LengthMax })
            return false;
        if (text == "log")
            topic = Log;
        else if (text == "communities:mine")
            topic = Mine;
        else if (text == "chart:top")
            topic = TopChart;
        else if (text == "chart:trending")
            topic = TrendingChart;
        else if (text.IndexOf(':') is var colon and > 0 && Guid.TryParseExact(text.AsSpan(colon + 1), "D", out var id))
        {
            TopicKind? kind = text[..colon] switch
            {
                "channel" => TopicKind.Channel,
                "account" => TopicKind.Account,
                "track" => TopicKind.Track,
                "broadcast" => TopicKind.Broadcast,
                "community" => TopicKind.Community,
                _ => null,
            };
            if (kind is null)
                return false;
            topic = new(kind.Value, id);
            // Guid takes white space and capitals for its own; a topic has one name.
            return topic.ToString() == text;
        }
        else
            return false;
        return true;
    }

    public override string ToString() =>
        Kind switch
        {
            TopicKind.Log => "log",
            TopicKind.Communities => "communities:mine",
            TopicKind.Chart => $"chart:{Name}",
            _ => $"{KindName}:{Id:D}",
        };
}
