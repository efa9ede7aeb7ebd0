using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Channels;

public sealed class ChannelTopics : EventTopics
{
    public ChannelTopics()
    {
        On<ChannelCreated>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
        On<ChannelChanged>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
        On<ChannelDeleted>(e =>
            [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId), Topic.Visibility(e.CommunityId)]
        );
        On<ChannelPlaced>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
    }
}
