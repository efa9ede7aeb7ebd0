using Veza.Domain.Chat.Communities;
using Veza.Projections.Topics;

namespace Veza.Projections.Chat.Communities;

public sealed class CommunityTopics : EventTopics
{
    public CommunityTopics() => On<CommunityCreated>(e => [Topic.Account(e.OwnerId), Topic.Community(e.CommunityId)]);
}
