using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Requests another address for an account. The account's present address stays until the new one is proven.
/// </summary>
/// <param name="ProofId">New for every request, which voids a token mailed before.</param>
/// <param name="ShownHash">The hash that the password was checked against.</param>
public sealed record RequestEmailProof(Guid AccountId, string Email, Guid ProofId, string ShownHash);

public sealed class RequestEmailProofValidator : AbstractValidator<RequestEmailProof>
{
    public RequestEmailProofValidator() => RuleFor(c => c.Email).MustBeEmail();
}

public static class RequestEmailProofHandler
{
    public static Refusal? Validate(RequestEmailProof command, Account account, DateTimeOffset now)
    {
        if (command.ShownHash != account.PasswordHash)
            return AccountRefusals.PasswordWrong;
        if (account.Email == command.Email)
            return AccountRefusals.NothingToProve;
        return account.Proof?.Wait(now) is { } wait ? AccountRefusals.EmailProofWait(wait) : null;
    }

    public static AccountEvent Handle(
        RequestEmailProof command,
        [WriteAggregate] Account account,
        DateTimeOffset now
    ) => new EmailProofRequested(account.Id, command.ProofId, command.Email, now, now + EmailProof.Life);
}
