using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Erases an account: ends its sessions and keys, releases its names, and makes its personal texts unreadable. Sending
/// it again changes nothing.
/// </summary>
/// <param name="ShownHash">The hash that the password was checked against.</param>
/// <param name="Second">The code that the caller sent; null when there was none.</param>
public sealed record EraseAccount(Guid AccountId, string ShownHash, SecondFactor? Second = null);

public static class EraseAccountHandler
{
    public static Refusal? Validate(EraseAccount command, Account account)
    {
        if (account.Erased)
            return null;
        if (command.ShownHash != account.PasswordHash)
            return AccountRefusals.PasswordWrong;
        if (account.TwoFactor is not { Enabled: true } expected)
            return null;
        if (command.Second is null)
            return AccountRefusals.TwoFactorRequired;
        return command.Second.IsGoodFor(expected) ? null : AccountRefusals.CodeWrong;
    }

    public static IEnumerable<Effect> Handle(
        EraseAccount command,
        [WriteAggregate] Account account,
        [ReadAggregate] IReadOnlyList<Session> sessions,
        [ReadAggregate] IReadOnlyList<Session> apiKeys
    ) => Erase(account, [.. sessions, .. apiKeys], NamesOf(account));

    /// <param name="sessions">All of the account, API keys included.</param>
    /// <param name="names">All that the account holds.</param>
    internal static IEnumerable<Effect> Erase(
        Account account,
        IReadOnlyList<Session> sessions,
        IEnumerable<HeldName> names
    ) =>
        account.Erased
            ? []
            :
            [
                Effect.Append<Account>(account.Id, new AccountErased(account.Id)),
                .. EndOtherSessionsHandler.End(account, sessions, kept: null, Session.AccountErased),
                .. names.Select(n => Effect.Release(n.Scope, n.Name, account.Id)),
                Effect.DestroyKey(account.Id),
            ];

    private static IEnumerable<HeldName> NamesOf(Account account)
    {
        yield return new(Account.UserNameScope, account.UserName.ToLowerInvariant());
        if (account.Email.Length > 0)
            yield return new(Account.EmailScope, account.Email.ToLowerInvariant());
    }
}
