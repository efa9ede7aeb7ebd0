using Veza.Domain.Chat.Channels;

namespace Veza.Projections.Chat.Channels;

/// <summary>A channel, or a category, as its members see it.</summary>
/// <param name="Nsfw">Whether its messages are shown only to who confirms to want that.</param>
/// <param name="CategoryId">A category that is deleted means none.</param>
/// <param name="Rank">Orders the channels of a category; the lowest is first, of two the older one.</param>
/// <param name="Position">The position of its creation.</param>
public sealed record ChannelView(
    Guid Id,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    bool Nsfw,
    Guid? CategoryId,
    double Rank,
    long Position
);
