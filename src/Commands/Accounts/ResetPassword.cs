using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Sets another password with a reset token and ends every session.</summary>
/// <param name="TokenHash">
/// Of a token from an operator, valid once within <see cref="PendingReset.Life"/>. Null for a mailed one.
/// </param>
/// <param name="MailedResetId">
/// Of a mailed token, valid once within <see cref="MailedReset.Life"/>. Null for one from an operator.
/// </param>
public sealed record ResetPassword(Guid AccountId, string? TokenHash, string PasswordHash, Guid? MailedResetId = null);

public static class ResetPasswordHandler
{
    public static Refusal? Validate(ResetPassword command, Account? account, DateTimeOffset now)
    {
        if (account?.Reset is { } reset && reset.TokenHash == command.TokenHash && now < reset.ExpiresAt)
            return null;
        if (account?.MailedReset is { } mailed && mailed.ResetId == command.MailedResetId && now < mailed.ExpiresAt)
            return null;
        return AccountRefusals.ResetTokenInvalid;
    }

    public static IEnumerable<Effect> Handle(
        ResetPassword command,
        [WriteAggregate] Account? account,
        [ReadAggregate] IReadOnlyList<Session> sessions
    ) =>
        [
            Effect.Append<Account>(account!.Id, new PasswordReset(account.Id, command.PasswordHash)),
            .. EndOtherSessionsHandler.End(account, sessions, kept: null, Session.PasswordReset),
        ];
}
