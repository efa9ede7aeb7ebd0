using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Makes a mailed token valid for one new password. A former mailed token is void; an operator's stays valid.
/// </summary>
public sealed record MailPasswordReset(Guid AccountId, Guid ResetId);

public static class MailPasswordResetHandler
{
    public static IEnumerable<AccountEvent> Handle(
        MailPasswordReset command,
        [WriteAggregate] Account account,
        DateTimeOffset now
    )
    {
        if (account is { Erased: false, Email.Length: > 0 })
            yield return new PasswordResetMailed(account.Id, command.ResetId, now + MailedReset.Life);
    }
}
