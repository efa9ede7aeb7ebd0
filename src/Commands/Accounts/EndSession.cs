using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Ends a session: its tokens are good for nothing from then on. Ending it again changes nothing.</summary>
/// <param name="Reason">One of <see cref="Session"/>'s.</param>
/// <param name="OwnerId">
/// Who asks: somebody else's session is as unknown as one that is not there. Null for the system itself.
/// </param>
public sealed record EndSession(Guid SessionId, string Reason, Guid? OwnerId = null);

public static class EndSessionHandler
{
    public static Refusal? Validate(EndSession command, Session session) =>
        command.OwnerId is { } owner && owner != session.AccountId
            ? Refusals.Unknown("session", command.SessionId)
            : null;

    public static IEnumerable<SessionEvent> Handle(EndSession command, [WriteAggregate] Session session)
    {
        if (!session.Ended)
            yield return new SessionEnded(session.Id, session.AccountId, command.Reason);
    }
}
