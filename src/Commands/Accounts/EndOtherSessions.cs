using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Ends all sessions of an account but the caller's.</summary>
/// <param name="KeptId">The caller's session, which continues.</param>
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
