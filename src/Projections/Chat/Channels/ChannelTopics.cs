using Veza.Domain.Chat.Channels;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Channels;

public sealed class ChannelTopics : EventTopics
{
    public ChannelTopics() => On<ChannelCreated>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
}
