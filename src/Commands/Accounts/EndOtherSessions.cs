using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Signs an account out everywhere but where it asks from.</summary>
/// <param name="KeptId">The session that goes on.</param>
public sealed record EndOtherSessions(Guid AccountId, Guid KeptId);

public static class EndOtherSessionsHandler
{
    public static IEnumerable<Effect> Handle(
        EndOtherSessions command,
        [ReadAggregate] Account account,
        [ReadAggregate] IReadOnlyList<Session> sessions
    ) => End(account, sessions, command.KeptId, Session.SignedOut);

    internal static IEnumerable<Effect> End(
        Account account,
        IEnumerable<Session> sessions,
        Guid? kept,
        string reason
    ) =>
        sessions
            .Where(s => !s.Ended && s.Id != kept)
            .Select(s => Effect.Append<Session>(s.Id, new SessionEnded(s.Id, account.Id, reason)));
}
