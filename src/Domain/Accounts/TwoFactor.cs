using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>The one-time codes that sign-in needs beside the password.</summary>
/// <param name="Enabled">False until the person has shown that their device makes the right codes.</param>
/// <param name="LastStep">The step of the newest code used. No code up to it is accepted again.</param>
public sealed record TwoFactor(Guid SeedId, bool Enabled, long LastStep, ImmutableSortedSet<int> UsedRecoveryCodes)
{
    /// <summary>Enough for several devices lost one after the other.</summary>
    public const int RecoveryCodesCount = 10;
}
