using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Signs an account in, whose password the front door has seen to be right. Beyond <see cref="Account.SessionsMax"/>
/// sessions the oldest ends.
/// </summary>
/// <param name="Device">What the session is called in the person's list of sessions.</param>
/// <param name="NetworkHash">See <see cref="SignedIn"/>.</param>
/// <param name="PasswordHash">
/// What the password was checked against: refused when it has been changed since. Null when no password was shown.
/// </param>
/// <param name="Second">The code shown; null when none was.</param>
public sealed record StartSession(
    Guid SessionId,
    Guid AccountId,
    string RefreshTokenHash,
    string? Device = null,
    string? NetworkHash = null,
    string? PasswordHash = null,
    SecondFactor? Second = null
);

public sealed class StartSessionValidator : AbstractValidator<StartSession>
{
    public StartSessionValidator() => RuleFor(c => c.Device).MustBeDevice();
}

public static class StartSessionHandler
{
    public static Refusal? Validate(StartSession command, Account account) =>
        account.Erased || command.PasswordHash is { } shown && shown != account.PasswordHash
            ? AccountRefusals.SignInFailed
        : account.Suspended ? CallerRefusals.Suspended
        : account.TwoFactor is not { Enabled: true } expected ? null
        : command.Second is null ? AccountRefusals.TwoFactorRequired
        : command.Second.IsGoodFor(expected) ? null
        : AccountRefusals.TwoFactorFailed;

    public static IEnumerable<Effect> Handle(
        StartSession command,
        [ReadAggregate] Account account,
        [ReadAggregate] Session? oldestSession,
        DateTimeOffset now
    )
    {
        yield return Effect.Start<Session>(
            command.SessionId,
            new SessionStarted(command.SessionId, account.Id, command.RefreshTokenHash, now + Session.RefreshTokenLife)
        );
        // In the account's own stream, so that a sign-in and a change of the password that ends all sessions cannot
        // miss each other.
        var signedIn = new SignedIn(account.Id, command.SessionId, command.Device, command.NetworkHash);
        yield return account.TwoFactor is { Enabled: true }
            ? Effect.Append<Account>(account.Id, command.Second!.Used(account.Id), signedIn)
            : Effect.Append<Account>(account.Id, signedIn);
        if (oldestSession is { Ended: false })
            yield return Effect.Append<Session>(
                oldestSession.Id,
                new SessionEnded(oldestSession.Id, account.Id, Session.TooMany)
            );
    }
}
