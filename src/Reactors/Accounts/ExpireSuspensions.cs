using Veza.Commands.Accounts;
using Veza.Domain.Accounts;
using Veza.Reactors.Running;
using Wolverine;

namespace Veza.Reactors.Accounts;

/// <summary>Has suspensions end at their time.</summary>
[Reactor("accounts.expire_suspensions.v1")]
public static class ExpireSuspensions
{
    /// <returns>The command, for the time; null where an operator is to end it.</returns>
    public static DeliveryMessage<ExpireSuspension>? Handle(
        Appended<AccountSuspended> appended,
        AppendedEvent<AccountSuspended> e
    ) => e.Data.Until is { } until ? e.FollowUpAt(until, new ExpireSuspension(e.Data.AccountId, until)) : null;
}
