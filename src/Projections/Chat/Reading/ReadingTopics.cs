using Veza.Domain.Chat.Reading;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Reading;

/// <summary>How far somebody has read is for their own devices.</summary>
public sealed class ReadingTopics : EventTopics
{
    public ReadingTopics() => On<ChannelRead>(e => [Topic.Account(e.MemberId)]);
}
