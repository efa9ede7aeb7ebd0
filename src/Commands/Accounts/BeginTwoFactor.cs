using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Begins to set up two-factor sign-in. Sign-in needs no code until the setup is confirmed. Beginning again voids the
/// former secret.
/// </summary>
/// <param name="ShownHash">The hash that the password was checked against.</param>
public sealed record BeginTwoFactor(Guid AccountId, Guid SeedId, string ShownHash);

public static class BeginTwoFactorHandler
{
    public static Refusal? Validate(BeginTwoFactor command, Account account)
    {
        if (command.ShownHash != account.PasswordHash)
            return AccountRefusals.PasswordWrong;
        return account.TwoFactor is { Enabled: true } ? AccountRefusals.TwoFactorEnabled : null;
    }

    public static AccountEvent Handle(BeginTwoFactor command, [WriteAggregate] Account account) =>
        new TwoFactorBegun(account.Id, command.SeedId);
}
