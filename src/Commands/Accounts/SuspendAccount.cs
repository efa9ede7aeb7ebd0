using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Suspends an account, for a time or until <see cref="EndSuspension"/>. Its sessions and keys end, and it cannot start
/// others. Suspending it again only changes the end.
/// </summary>
/// <param name="Until">
/// At most <see cref="Account.SuspensionMax"/> from now. Null when the suspension lasts until an operator ends it.
/// </param>
public sealed record SuspendAccount(Guid AccountId, Guid OperatorId, string Reason, DateTimeOffset? Until = null);

public sealed class SuspendAccountValidator : AbstractValidator<SuspendAccount>
{
    public SuspendAccountValidator() => RuleFor(c => c.Reason).MustBeLine(Account.SuspensionReasonMax);
}

public static class SuspendAccountHandler
{
    public static Refusal? Validate(
        SuspendAccount command,
        Account account,
        [ReadAggregate] Account @operator,
        DateTimeOffset now
    )
    {
        if (command.Until <= now || command.Until > now + Account.SuspensionMax)
            return AccountRefusals.SuspensionUntil(command.Until.Value, now);
        if (!@operator.Roles.Contains(PlatformRole.Operator))
            return AccountRefusals.NotAnOperator;
        if (account.Erased)
            return Refusals.Unknown("account", account.Id);
        // Otherwise the last operator could suspend themselves, and no one could end that.
        return command.AccountId == command.OperatorId ? AccountRefusals.CannotSuspendSelf : null;
    }

    public static IEnumerable<Effect> Handle(
        SuspendAccount command,
        [WriteAggregate] Account account,
        [ReadAggregate("account.SessionIds")] IReadOnlyList<Session> sessions,
        [ReadAggregate("account.ApiKeyIds")] IReadOnlyList<Session> apiKeys
    )
    {
        if (account.Suspended && account.SuspendedUntil == command.Until)
            return [];
        var suspended = new AccountSuspended(account.Id, command.OperatorId, command.Reason, command.Until);
        return
        [
            Effect.Append<Account>(account.Id, suspended),
            .. EndOtherSessionsHandler.End(account, [.. sessions, .. apiKeys], kept: null, Session.AccountSuspended),
        ];
    }
}
