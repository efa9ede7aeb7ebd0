using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Erases an account: it is signed out everywhere, its names are free again, and nobody can read any longer what it
/// wrote. Sending it again changes nothing.
/// </summary>
/// <param name="ShownHash">What the password was checked against.</param>
/// <param name="Second">The code shown; null when none was.</param>
public sealed record EraseAccount(Guid AccountId, string ShownHash, SecondFactor? Second = null);

public static class EraseAccountHandler
{
    public static Refusal? Validate(EraseAccount command, Account account) =>
        account.Erased ? null
        : command.ShownHash != account.PasswordHash ? AccountRefusals.PasswordWrong
        : account.TwoFactor is not { Enabled: true } expected ? null
        : command.Second is null ? AccountRefusals.TwoFactorRequired
        : command.Second.IsGoodFor(expected) ? null
        : AccountRefusals.CodeWrong;

    public static IEnumerable<Effect> Handle(
        EraseAccount command,
        [WriteAggregate] Account account,
        [ReadAggregate] IReadOnlyList<Session> sessions,
        [ReadAggregate] IReadOnlyList<Session> apiKeys
    ) =>
        account.Erased
            ? []
            :
            [
                Effect.Append<Account>(account.Id, new AccountErased(account.Id)),
                .. EndOtherSessionsHandler.End(account, [.. sessions, .. apiKeys], kept: null, Session.AccountErased),
                Effect.Release(Account.UserNameScope, account.UserName.ToLowerInvariant(), account.Id),
                .. EmailOf(account),
                Effect.DestroyKey(account.Id),
            ];

    private static IEnumerable<Effect> EmailOf(Account account)
    {
        if (account.Email.Length > 0)
            yield return Effect.Release(Account.EmailScope, account.Email.ToLowerInvariant(), account.Id);
    }
}
