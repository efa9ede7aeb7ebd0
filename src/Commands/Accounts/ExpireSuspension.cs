using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Ends a suspension at its time. It changes nothing when the suspension has ended or has another end by now.
/// </summary>
/// <param name="Until">The end that the suspension's event names.</param>
public sealed record ExpireSuspension(Guid AccountId, DateTimeOffset Until);

public static class ExpireSuspensionHandler
{
    public static IEnumerable<AccountEvent> Handle(ExpireSuspension command, [WriteAggregate] Account account)
    {
        if (account is { Erased: false, Suspended: true } && account.SuspendedUntil == command.Until)
            yield return new AccountSuspensionExpired(account.Id);
    }
}
