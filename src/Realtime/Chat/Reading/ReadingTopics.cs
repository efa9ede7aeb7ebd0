using Veza.Domain.Chat.Reading;

namespace Veza.Realtime.Chat.Reading;

/// <summary>How far somebody has read is for their own devices.</summary>
internal sealed class ReadingTopics : EventTopics
{
    public ReadingTopics() => On<ChannelRead>(e => [Topic.Account(e.MemberId)]);
}
