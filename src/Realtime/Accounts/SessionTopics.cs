using Veza.Domain.Accounts;

namespace Veza.Realtime.Accounts;

internal sealed class SessionTopics : EventTopics
{
    public SessionTopics() => On<SessionEnded>(e => [Topic.Access(e.AccountId)]);
}
