using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// A second factor that the API has verified. The commands decide whether it was used before.
/// </summary>
/// <param name="SeedId">Of the secret that the code was checked against.</param>
/// <param name="Step">The time step of a device's code; null for a recovery code.</param>
/// <param name="RecoveryCode">The number of a recovery code; null for a device's code.</param>
public sealed record SecondFactor(Guid SeedId, long? Step, int? RecoveryCode)
{
    internal bool IsGoodFor(TwoFactor expected) =>
        SeedId == expected.SeedId
        && (
            Step is { } step && step > expected.LastStep
            || RecoveryCode is { } number && !expected.UsedRecoveryCodes.Contains(number)
        );

    /// <returns>The event that uses the code up.</returns>
    internal AccountEvent Used(Guid account) =>
        Step is { } step ? new TwoFactorCodeUsed(account, step) : new RecoveryCodeUsed(account, RecoveryCode!.Value);
}
