using Veza.Domain.Chat.Channels;

namespace Veza.Projections.Chat.Channels;

/// <summary>A channel as its members see it.</summary>
public sealed record ChannelView(
    Guid Id,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    long Position
);
