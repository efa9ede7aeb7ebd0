using Veza.Domain.Chat.Channels;
using Veza.Domain.Chat.Communities;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Channels;

public sealed class ChannelTopics : EventTopics
{
    public ChannelTopics()
    {
        On<ChannelCreated>(e => Of(e.ChannelId, e.CommunityId));
        On<ChannelChanged>(e => Of(e.ChannelId, e.CommunityId));
        On<ChannelDeleted>(e => [.. Of(e.ChannelId, e.CommunityId), Topic.Visibility(e.CommunityId)]);
        On<ChannelPlaced>(e => Of(e.ChannelId, e.CommunityId));
    }

    private static Topic[] Of(Guid channel, Guid community) => [Topic.Channel(channel), Topic.Community(community)];
}
