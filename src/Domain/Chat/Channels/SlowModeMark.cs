namespace Veza.Domain.Chat.Channels;

/// <summary>When a member last posted in a channel with slow mode.</summary>
public sealed record SlowModeMark(DateTimeOffset LastAt)
{
    // Every stream stores this type, which is older than the record's name.
    public const string StreamType = "posting";

    public static Guid StreamId(Guid channelId, Guid memberId) => StreamIds.Of("posting", channelId, memberId);

    public static SlowModeMark Create(MemberPosted e) => new(e.At);

    public SlowModeMark Apply(MemberPosted e) => this with { LastAt = e.At };
}
