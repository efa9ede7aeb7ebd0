namespace Veza.Domain.Chat.Channels;

/// <summary>A channel, as far as decisions about it and its messages need it.</summary>
public sealed record Channel(Guid Id, Guid CommunityId, ChannelKind Kind, int SlowModeSeconds)
{
    public const int NameMax = 100;
    public const int TopicMax = 1024;
    public const int SlowModeSecondsMax = 21_600;

    public static Channel Create(ChannelCreated e) => new(e.ChannelId, e.CommunityId, e.Kind, e.SlowModeSeconds);
}
