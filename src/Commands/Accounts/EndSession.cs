using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Ends a session, and its tokens with it. Ending it again changes nothing.</summary>
/// <param name="Reason">One of <see cref="Session"/>'s constants.</param>
/// <param name="OwnerId">
/// The caller. Another account's session is refused like an unknown one. Null for the system itself.
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
