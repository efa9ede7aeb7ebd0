using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Sets another password and ends every other session: whoever knew the old one is out.</summary>
/// <param name="ShownHash">What the current password was checked against.</param>
/// <param name="PasswordHash">Of the new one, never the password: a command may be logged.</param>
/// <param name="KeptId">The session that asks and goes on.</param>
public sealed record ChangePassword(Guid AccountId, string ShownHash, string PasswordHash, Guid KeptId);

public static class ChangePasswordHandler
{
    public static Refusal? Validate(ChangePassword command, Account account) =>
        command.ShownHash != account.PasswordHash ? AccountRefusals.PasswordWrong : null;

    public static IEnumerable<Effect> Handle(
        ChangePassword command,
        [WriteAggregate] Account account,
        [ReadAggregate] IReadOnlyList<Session> sessions
    ) =>
        [
            Effect.Append<Account>(account.Id, new PasswordChanged(account.Id, command.PasswordHash)),
            .. EndOtherSessionsHandler.End(account, sessions, command.KeptId, Session.PasswordChanged),
        ];
}
