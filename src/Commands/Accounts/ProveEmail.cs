using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Proves an address with the token mailed there, and claims it. Only the reader of that mail learns that another
/// account holds the address.
/// </summary>
/// <param name="ProofId">Of the token, which the API has verified to be this account's. It is valid once.</param>
public sealed record ProveEmail(Guid AccountId, Guid ProofId);

public static class ProveEmailHandler
{
    public static Refusal? Validate(ProveEmail command, Account? account, DateTimeOffset now) =>
        account is { NewEmail: not null, Proof: { } proof } && proof.ProofId == command.ProofId && now < proof.ExpiresAt
            ? null
            : AccountRefusals.ProofTokenInvalid;

    public static IEnumerable<Effect> Handle(ProveEmail command, [WriteAggregate] Account? account)
    {
        var (before, now) = (account!.Email.ToLowerInvariant(), account.NewEmail!.ToLowerInvariant());
        var proven = new EmailProven(account.Id, account.NewEmail!, before.Length == 0 ? null : account.Email);
        yield return Effect.Append<Account>(account.Id, proven);
        if (before == now)
            yield break;
        if (before.Length > 0)
            yield return Effect.Release(Account.EmailScope, before, account.Id);
        yield return Effect.Claim(Account.EmailScope, now, account.Id);
    }
}
