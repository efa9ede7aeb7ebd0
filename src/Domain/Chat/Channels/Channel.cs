namespace Veza.Domain.Chat.Channels;

/// <summary>What must be known of a channel to decide about it and its messages.</summary>
public sealed record Channel(Guid Id, Guid CommunityId, ChannelKind Kind, int SlowModeSeconds)
{
    public const int NameMax = 100;
    public const int TopicMax = 1024;
    public const int SlowModeSecondsMax = 21_600;

    public static Channel Create(ChannelCreated e) => new(e.ChannelId, e.CommunityId, e.Kind, e.SlowModeSeconds);
}

/// <summary>When a member last posted in a channel with slow mode.</summary>
public sealed record SlowModeMark(DateTimeOffset LastAt)
{
    // Stored with every stream, and older than this record's name.
    public const string StreamType = "posting";

    public static Guid StreamId(Guid channelId, Guid memberId) => StreamIds.Of("posting", channelId, memberId);

    public static SlowModeMark Create(MemberPosted e) => new(e.At);

    public SlowModeMark Apply(MemberPosted e) => this with { LastAt = e.At };
}
