using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Asks for the mail that proves an address once more, with a new token. The token mailed before is void.
/// </summary>
public sealed record RepeatEmailProof(Guid AccountId, Guid ProofId);

public static class RepeatEmailProofHandler
{
    public static Refusal? Validate(RepeatEmailProof command, Account account, DateTimeOffset now)
    {
        if (account.NewEmail is null)
            return AccountRefusals.NothingToProve;
        return account.Proof!.Wait(now) is { } wait ? AccountRefusals.EmailProofWait(wait) : null;
    }

    public static AccountEvent Handle(RepeatEmailProof command, [WriteAggregate] Account account, DateTimeOffset now) =>
        new EmailProofRequested(account.Id, command.ProofId, account.NewEmail!, now, now + EmailProof.Life);
}
