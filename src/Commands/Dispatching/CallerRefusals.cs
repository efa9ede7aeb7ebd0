using Veza.Domain.Accounts;

namespace Veza.Commands.Dispatching;

/// <summary>The refusals of a caller whose account may decide nothing.</summary>
public static class CallerRefusals
{
    public static readonly Refusal SessionEnded = new(
        "session_ended",
        RefusalKind.Unauthenticated,
        "this session is ended; sign in again"
    );

    public static readonly Refusal Suspended = new(
        "account_suspended",
        RefusalKind.NotAllowed,
        "this account is suspended; only an operator can end that"
    );

    /// <returns>Null when the account may decide.</returns>
    public static Refusal? Of(Account account)
    {
        if (account.Erased)
            return SessionEnded;
        return account.Suspended ? Suspended : null;
    }
}
