using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Sets another password and ends every other session, so one opened with the old password is out.</summary>
/// <param name="ShownHash">The hash that the current password was checked against.</param>
/// <param name="PasswordHash">
/// The hash of the new password. A command may be logged, so it never holds a password.
/// </param>
/// <param name="KeptId">The caller's session, which continues.</param>
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
