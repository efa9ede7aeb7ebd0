using Veza.Domain.Chat.Reading;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Reading;

/// <summary>Only the member's devices receive how far the member has read.</summary>
public sealed class ReadingTopics : EventTopics
{
    public ReadingTopics() => On<ChannelRead>(e => [Topic.Account(e.MemberId)]);
}
