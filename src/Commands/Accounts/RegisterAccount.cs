using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Makes an account and, when asked, signs it in.</summary>
/// <param name="PasswordHash">Never the password: a command may be logged.</param>
/// <param name="SignIn">The session that registering begins; null for an account that nobody uses yet.</param>
/// <param name="Roles">Beyond <see cref="PlatformRole.User"/>; the front doors leave it empty.</param>
/// <param name="EmailProofId">Made for this account; with it, the address is claimed only once it is proven. Null
/// claims it at once, for an account that the operator makes.</param>
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
        // Whether somebody holds the address already is not looked at, so that registering tells nobody who is here.
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
