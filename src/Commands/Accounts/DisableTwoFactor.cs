using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Turns two-factor sign-in off, with a code from the device or a recovery code.</summary>
public sealed record DisableTwoFactor(Guid AccountId, SecondFactor Shown);

public static class DisableTwoFactorHandler
{
    public static Refusal? Validate(DisableTwoFactor command, Account account)
    {
        if (account.TwoFactor is not { Enabled: true } expected)
            return AccountRefusals.TwoFactorNotBegun;
        return command.Shown.IsGoodFor(expected) ? null : AccountRefusals.CodeWrong;
    }

    public static IEnumerable<AccountEvent> Handle(DisableTwoFactor command, [WriteAggregate] Account account) =>
        [command.Shown.Used(account.Id), new TwoFactorDisabled(account.Id)];
}
