using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Begins with two-factor sign-in; nothing is asked for until it is confirmed. Beginning again voids the secret given
/// out before.
/// </summary>
/// <param name="ShownHash">What the password was checked against.</param>
public sealed record BeginTwoFactor(Guid AccountId, Guid SeedId, string ShownHash);

public static class BeginTwoFactorHandler
{
    public static Refusal? Validate(BeginTwoFactor command, Account account) =>
        command.ShownHash != account.PasswordHash ? AccountRefusals.PasswordWrong
        : account.TwoFactor is { Enabled: true } ? AccountRefusals.TwoFactorEnabled
        : null;

    public static AccountEvent Handle(BeginTwoFactor command, [WriteAggregate] Account account) =>
        new TwoFactorBegun(account.Id, command.SeedId);
}
