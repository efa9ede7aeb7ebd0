using FluentValidation;
using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Signs an account in after the API has verified its password. Beyond <see cref="Account.SessionsMax"/> sessions the
/// oldest ends.
/// </summary>
/// <param name="Device">The session's name in the person's list of sessions.</param>
/// <param name="NetworkHash">See <see cref="SignedIn"/>.</param>
/// <param name="PasswordHash">
/// The hash that the password was checked against. A changed one refuses the command. Null for a sign-in without a
/// password.
/// </param>
/// <param name="Second">The code that the caller sent; null when there was none.</param>
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
    public static Refusal? Validate(StartSession command, Account account)
    {
        if (account.Erased || (command.PasswordHash is { } shown && shown != account.PasswordHash))
            return AccountRefusals.SignInFailed;
        if (account.Suspended)
            return CallerRefusals.Suspended;
        if (account.TwoFactor is not { Enabled: true } expected)
            return null;
        if (command.Second is null)
            return AccountRefusals.TwoFactorRequired;
        return command.Second.IsGoodFor(expected) ? null : AccountRefusals.TwoFactorFailed;
    }

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
        // The account's stream lists its sessions. So a concurrent change of the password, which ends all sessions,
        // conflicts with this sign-in and cannot miss its session.
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
