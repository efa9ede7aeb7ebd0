using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Lets a suspended account sign in again. An account that is not suspended stays as it is.</summary>
public sealed record EndSuspension(Guid AccountId, Guid OperatorId, string Reason);

public sealed class EndSuspensionValidator : AbstractValidator<EndSuspension>
{
    public EndSuspensionValidator() => RuleFor(c => c.Reason).MustBeLine(Account.SuspensionReasonMax);
}

public static class EndSuspensionHandler
{
    public static Refusal? Validate(EndSuspension command, Account account, [ReadAggregate] Account @operator)
    {
        if (!@operator.Roles.Contains(PlatformRole.Operator))
            return AccountRefusals.NotAnOperator;
        return account.Erased ? Refusals.Unknown("account", account.Id) : null;
    }

    public static IEnumerable<AccountEvent> Handle(EndSuspension command, [WriteAggregate] Account account)
    {
        if (account.Suspended)
            yield return new AccountSuspensionEnded(account.Id, command.OperatorId, command.Reason);
    }
}
