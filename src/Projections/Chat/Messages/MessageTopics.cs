using Veza.Domain.Chat.Messages;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Messages;

public sealed class MessageTopics : EventTopics
{
    public MessageTopics()
    {
        On<MessageSent>(e => [Topic.Channel(e.ChannelId)]);
        On<MessageEdited>(e => [Topic.Channel(e.ChannelId)]);
        On<MessageDeleted>(e => [Topic.Channel(e.ChannelId)]);
        On<ReactionAdded>(e => [Topic.Channel(e.ChannelId)]);
        On<ReactionRemoved>(e => [Topic.Channel(e.ChannelId)]);
    }
}
