using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Records that an API key is used today, for its owner to see. Again on the same day (UTC) it changes nothing.
/// </summary>
/// <param name="SessionId">The id of the key.</param>
public sealed record RecordApiKeyUse(Guid SessionId);

public static class RecordApiKeyUseHandler
{
    public static IEnumerable<SessionEvent> Handle(
        RecordApiKeyUse command,
        [WriteAggregate] Session session,
        DateTimeOffset now
    )
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (session is { Ended: false, Scopes: not null } && (session.UsedOn is not { } last || last < today))
            yield return new ApiKeyUsed(command.SessionId, session.AccountId, today);
    }
}
