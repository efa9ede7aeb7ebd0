using Veza.Domain.Chat.Channels;

namespace Veza.Realtime.Chat.Channels;

internal sealed class ChannelTopics : EventTopics
{
    public ChannelTopics() => On<ChannelCreated>(e => [Topic.Channel(e.ChannelId), Topic.Community(e.CommunityId)]);
}
