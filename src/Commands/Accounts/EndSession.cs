using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Ends a session: its tokens are good for nothing from then on. Ending it again changes nothing.</summary>
/// <param name="Reason">One of <see cref="Session"/>'s.</param>
public sealed record EndSession(Guid SessionId, string Reason);

public static class EndSessionHandler
{
    public static IEnumerable<SessionEvent> Handle(EndSession command, [WriteModel] Session session)
    {
        if (!session.Ended) yield return new SessionEnded(session.Id, session.AccountId, command.Reason);
    }
}
