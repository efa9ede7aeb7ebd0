using Veza.Domain.Chat.Communities;

namespace Veza.Realtime.Chat.Communities;

internal sealed class CommunityTopics : EventTopics
{
    public CommunityTopics() => On<CommunityCreated>(e => [Topic.Account(e.OwnerId), Topic.Community(e.CommunityId)]);
}
