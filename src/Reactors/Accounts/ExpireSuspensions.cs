using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Reactors.Running;
using Wolverine;

namespace Veza.Reactors.Accounts;

/// <summary>Ends suspensions at their time.</summary>
[Reactor("accounts.expire_suspensions.v1")]
public static class ExpireSuspensions
{
    /// <returns>The command, delayed until the end; null when the suspension has no end.</returns>
    public static DeliveryMessage<ExpireSuspension>? Handle(
        Appended<AccountSuspended> appended,
        AppendedEvent<AccountSuspended> e
    ) => e.Data.Until is { } until ? e.FollowUpAt(until, new ExpireSuspension(e.Data.AccountId, until)) : null;
}
