using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Lets somebody who forgot their password set another. An operator hands the token over; one issued before it is void.
/// </summary>
public sealed record IssuePasswordReset(Guid AccountId, Guid OperatorId, string TokenHash);

public static class IssuePasswordResetHandler
{
    public static Refusal? Validate(IssuePasswordReset command, Account account, [ReadAggregate] Account @operator) =>
        account.Erased ? Refusals.Unknown("account", account.Id)
        : @operator.Roles.Contains(PlatformRole.Operator) ? null
        : AccountRefusals.NotAnOperator;

    public static AccountEvent Handle(
        IssuePasswordReset command,
        [WriteAggregate] Account account,
        DateTimeOffset now
    ) => new PasswordResetIssued(account.Id, command.OperatorId, command.TokenHash, now + PendingReset.Life);
}
