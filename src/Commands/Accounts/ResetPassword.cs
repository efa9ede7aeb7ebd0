using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Sets another password by a token that was issued for it, and ends every session.</summary>
/// <param name="TokenHash">Of the token shown; good once, for <see cref="PendingReset.Life"/>.</param>
public sealed record ResetPassword(Guid AccountId, string TokenHash, string PasswordHash);

public static class ResetPasswordHandler
{
    public static Refusal? Validate(ResetPassword command, Account? account, DateTimeOffset now) =>
        account?.Reset is { } reset && reset.TokenHash == command.TokenHash && now < reset.ExpiresAt ? null : AccountRefusals.ResetTokenInvalid;

    public static IEnumerable<Effect> Handle(ResetPassword command, [WriteModel] Account? account, [ReadModel] IReadOnlyList<Session> sessions) =>
        [Effect.Append<Account>(account!.Id, new PasswordReset(account.Id, command.PasswordHash)), .. EndOtherSessionsHandler.End(account, sessions, kept: null, Session.PasswordReset)];
}
