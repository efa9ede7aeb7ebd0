using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Issues a token that sets a new password, which an operator hands over. A former token of an operator is void.
/// </summary>
public sealed record IssuePasswordReset(Guid AccountId, Guid OperatorId, string TokenHash);

public static class IssuePasswordResetHandler
{
    public static Refusal? Validate(IssuePasswordReset command, Account account, [ReadAggregate] Account @operator)
    {
        if (account.Erased)
            return Refusals.Unknown("account", account.Id);
        return @operator.Roles.Contains(PlatformRole.Operator) ? null : AccountRefusals.NotAnOperator;
    }

    public static AccountEvent Handle(
        IssuePasswordReset command,
        [WriteAggregate] Account account,
        DateTimeOffset now
    ) => new PasswordResetIssued(account.Id, command.OperatorId, command.TokenHash, now + PendingReset.Life);
}
