using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Turns two-factor sign-in on, with a first code from the device.</summary>
public sealed record ConfirmTwoFactor(Guid AccountId, SecondFactor Shown);

public static class ConfirmTwoFactorHandler
{
    public static Refusal? Validate(ConfirmTwoFactor command, Account account) =>
        account.TwoFactor switch
        {
            null => AccountRefusals.TwoFactorNotBegun,
            { Enabled: true } => AccountRefusals.TwoFactorEnabled,
            // A recovery code proves nothing about the device.
            var begun => command.Shown is { Step: not null } shown && shown.IsGoodFor(begun)
                ? null
                : AccountRefusals.CodeWrong,
        };

    public static AccountEvent Handle(ConfirmTwoFactor command, [WriteAggregate] Account account) =>
        new TwoFactorEnabled(account.Id, command.Shown.SeedId, command.Shown.Step!.Value);
}
