using Veza.Domain.Chat.Channels;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Channels;

/// <summary>A channel of a community.</summary>
/// <param name="Position">The position of its creation.</param>
public sealed record ChannelRow(
    Guid Id,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    long Position
);

public sealed class ChannelsProjection : Projection<ChannelRow, Guid>
{
    public const string ProjectionName = "chat.channels.v1";

    public override string Name => ProjectionName;

    public ChannelsProjection()
    {
        Identity<ChannelCreated>(e => e.ChannelId);
        Index("community_id, position");
    }

    public static ChannelRow Create(ChannelCreated e, RecordedEvent at) =>
        new(e.ChannelId, e.CommunityId, e.Name, e.Kind, e.Topic, e.SlowModeSeconds, at.Position);
}
