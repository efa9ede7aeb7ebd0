using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Creates an account and, on request, signs it in.</summary>
/// <param name="PasswordHash">A command may be logged, so it never holds a password.</param>
/// <param name="SignIn">The first session; null for an account that is not signed in yet.</param>
/// <param name="Roles">In addition to <see cref="PlatformRole.User"/>. Sign-up over the API leaves it empty.</param>
/// <param name="EmailProofId">
/// With it, the address is claimed only when it is proven. Null claims it immediately, for an account that the operator
/// creates.
/// </param>
public sealed record RegisterAccount(
    Guid AccountId,
    string UserName,
    string Email,
    string PasswordHash,
    RegisterAccount.FirstSession? SignIn = null,
    IReadOnlyList<string>? Roles = null,
    Guid? EmailProofId = null
)
{
    /// <inheritdoc cref="StartSession"/>
    public sealed record FirstSession(
        Guid SessionId,
        string RefreshTokenHash,
        string? Device = null,
        string? NetworkHash = null
    );
}

public sealed class RegisterAccountValidator : AbstractValidator<RegisterAccount>
{
    public RegisterAccountValidator()
    {
        RuleFor(c => c.UserName).MustBeUserName();
        RuleFor(c => c.Email).MustBeEmail();
        RuleForEach(c => c.Roles).MustBeGranted();
        RuleFor(c => c.SignIn!.Device).MustBeDevice().OverridePropertyName("Device").When(c => c.SignIn is not null);
    }
}

public static class RegisterAccountHandler
{
    public static IEnumerable<Effect> Handle(RegisterAccount command, DateTimeOffset now)
    {
        var userName = command.UserName.ToLowerInvariant();
        IEnumerable<DomainEvent> roles = (command.Roles ?? [])
            .Distinct()
            .Select(r => new RoleGranted(command.AccountId, r));
        // Registration does not check whether another account holds the address, so it does not reveal accounts.
        var claimed = command.EmailProofId is null ? command.Email : null;
        IEnumerable<DomainEvent> unproven = command.EmailProofId is { } proof
            ? [new EmailProofRequested(command.AccountId, proof, command.Email, now, now + EmailProof.Life)]
            : [];
        IEnumerable<DomainEvent> signedIn = command.SignIn is { } first
            ? [new SignedIn(command.AccountId, first.SessionId, first.Device, first.NetworkHash)]
            : [];
        yield return Effect.Start<Account>(
            command.AccountId,
            [
                new AccountRegistered(command.AccountId, userName, claimed, command.PasswordHash),
                .. unproven,
                .. roles,
                .. signedIn,
            ]
        );
        yield return Effect.Claim(Account.UserNameScope, userName, command.AccountId);
        if (claimed is not null)
            yield return Effect.Claim(Account.EmailScope, claimed.ToLowerInvariant(), command.AccountId);
        if (command.SignIn is { } session)
            yield return Effect.Start<Session>(
                session.SessionId,
                new SessionStarted(
                    session.SessionId,
                    command.AccountId,
                    session.RefreshTokenHash,
                    now + Session.RefreshTokenLife
                )
            );
    }
}
