using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Gives an account another address, which counts once it is proven; until then the one it has stays.
/// </summary>
/// <param name="ProofId">New for every request: a token mailed before is void.</param>
/// <param name="ShownHash">What the password was checked against.</param>
public sealed record RequestEmailProof(Guid AccountId, string Email, Guid ProofId, string ShownHash);

public sealed class RequestEmailProofValidator : AbstractValidator<RequestEmailProof>
{
    public RequestEmailProofValidator() => RuleFor(c => c.Email).MustBeEmail();
}

public static class RequestEmailProofHandler
{
    public static Refusal? Validate(RequestEmailProof command, Account account, DateTimeOffset now) =>
        command.ShownHash != account.PasswordHash ? AccountRefusals.PasswordWrong
        : account.Email == command.Email ? AccountRefusals.NothingToProve
        : account.Proof?.Wait(now) is { } wait ? AccountRefusals.EmailProofWait(wait)
        : null;

    public static AccountEvent Handle(
        RequestEmailProof command,
        [WriteAggregate] Account account,
        DateTimeOffset now
    ) => new EmailProofRequested(account.Id, command.ProofId, command.Email, now, now + EmailProof.Life);
}
