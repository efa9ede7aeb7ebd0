using Veza.Domain.Accounts;
using Veza.Projections.Topics;

namespace Veza.Projections.Accounts;

public sealed class SessionTopics : EventTopics
{
    public SessionTopics() => On<SessionEnded>(e => [Topic.Access(e.AccountId)]);
}
