using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// A code somebody showed, as far as the front door could make it out: whether it is used up is decided here.
/// </summary>
/// <param name="SeedId">Of the secret it was checked against.</param>
/// <param name="Step">Of a code of the device; null when it is none.</param>
/// <param name="RecoveryCode">The number of a recovery code; null when it is none.</param>
public sealed record SecondFactor(Guid SeedId, long? Step, int? RecoveryCode)
{
    internal bool IsGoodFor(TwoFactor expected) =>
        SeedId == expected.SeedId
        && (
            Step is { } step && step > expected.LastStep
            || RecoveryCode is { } number && !expected.UsedRecoveryCodes.Contains(number)
        );

    /// <summary>That it is used up now.</summary>
    internal AccountEvent Used(Guid account) =>
        Step is { } step ? new TwoFactorCodeUsed(account, step) : new RecoveryCodeUsed(account, RecoveryCode!.Value);
}
