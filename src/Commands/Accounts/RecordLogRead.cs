using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Records that a session or an API key reads the whole log, for its owner to see. Again on the same day (UTC) it
/// changes nothing.
/// </summary>
public sealed record RecordLogRead(Guid SessionId);

public static class RecordLogReadHandler
{
    public static IEnumerable<SessionEvent> Handle(
        RecordLogRead command,
        [WriteAggregate] Session session,
        DateTimeOffset now
    )
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        if (session.Ended || session.LogReadOn >= today)
            yield break;
        yield return new LogRead(command.SessionId, session.AccountId, today);
    }
}
