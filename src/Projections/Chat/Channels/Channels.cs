using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Channels;

/// <summary>A channel of a community, or a category.</summary>
/// <param name="CategoryId">It may be deleted since; then the channel is in none.</param>
/// <param name="Rank">Orders the channels of a category; the lowest is first.</param>
/// <param name="Position">The position of its creation.</param>
public sealed record ChannelRow(
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

public sealed class ChannelsProjection : Projection<ChannelRow, Guid>
{
    public const string ProjectionName = "chat.channels.v2";

    public override string Name => ProjectionName;

    public ChannelsProjection()
    {
        Identity<ChannelCreated>(e => e.ChannelId);
        Identity<ChannelChanged>(e => e.ChannelId);
        Identity<ChannelPlaced>(e => e.ChannelId);
        Identity<ChannelDeleted>(e => e.ChannelId);
        Index("community_id, position");
    }

    public static ChannelRow Create(ChannelCreated e, RecordedEvent at) =>
        new(e.ChannelId, e.CommunityId, e.Name, e.Kind, e.Topic, e.SlowModeSeconds, e.Nsfw, null, 0, at.Position);

    public static ChannelRow Apply(ChannelChanged e, ChannelRow row) =>
        row with
        {
            Name = e.Name,
            Topic = e.Topic,
            SlowModeSeconds = e.SlowModeSeconds,
            Nsfw = e.Nsfw,
        };

    public static ChannelRow Apply(ChannelPlaced e, ChannelRow row) =>
        row with
        {
            CategoryId = e.CategoryId,
            Rank = e.Rank,
        };

    public static ChannelRow? Apply(ChannelDeleted _, ChannelRow row) => null;
}
