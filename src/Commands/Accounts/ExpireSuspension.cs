using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Ends a suspension whose time is over. One that was ended, or is by now to last until another time, stays as it is.
/// </summary>
/// <param name="Until">When it was to end, as the suspension itself says.</param>
public sealed record ExpireSuspension(Guid AccountId, DateTimeOffset Until);

public static class ExpireSuspensionHandler
{
    public static IEnumerable<AccountEvent> Handle(ExpireSuspension command, [WriteAggregate] Account account)
    {
        if (account is { Erased: false, Suspended: true } && account.SuspendedUntil == command.Until)
            yield return new AccountSuspensionExpired(account.Id);
    }
}
