using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Sets another password by a token that was issued for it, and ends every session.</summary>
/// <param name="TokenHash">Of the token shown, which an operator handed over; good once, for <see
/// cref="PendingReset.Life"/>. Null for a mailed one.</param>
/// <param name="MailedResetId">Of the token shown, which was mailed; good once, for <see cref="MailedReset.Life"/>.
/// Null for an operator's.</param>
public sealed record ResetPassword(Guid AccountId, string? TokenHash, string PasswordHash, Guid? MailedResetId = null);

public static class ResetPasswordHandler
{
    public static Refusal? Validate(ResetPassword command, Account? account, DateTimeOffset now) =>
        account?.Reset is { } reset && reset.TokenHash == command.TokenHash && now < reset.ExpiresAt
        || account?.MailedReset is { } mailed && mailed.ResetId == command.MailedResetId && now < mailed.ExpiresAt
            ? null
            : AccountRefusals.ResetTokenInvalid;

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
