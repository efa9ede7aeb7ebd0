using Veza.Domain.Chat.Channels;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;

namespace Veza.Projections.Chat.Channels;

public sealed record ChannelView(
    Guid Id,
    Guid CommunityId,
    string Name,
    ChannelKind Kind,
    string? Topic,
    int SlowModeSeconds,
    long Position
);

public sealed class ChannelsProjection : Projection<ChannelView, Guid>
{
    public override string Name => "chat.channels.v1";

    public ChannelsProjection()
    {
        Identity<ChannelCreated>(e => e.ChannelId);
        Index("community_id, position");
    }

    public static ChannelView Create(ChannelCreated e, RecordedEvent at) =>
        new(e.ChannelId, e.CommunityId, e.Name, e.Kind, e.Topic, e.SlowModeSeconds, at.Position);
}
