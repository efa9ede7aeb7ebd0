using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Counts a try to sign in as failed, before its password is checked, for all nodes. So concurrent tries cannot each be
/// the tenth. A node that dies in between has counted one too many.
/// </summary>
/// <param name="Waits">
/// Whether the try is refused during a wait. False for a network from which the name's owner has signed in before.
/// </param>
public sealed record CountSignInTry(Guid SignInGuardId, Guid TryId, bool Waits);

public static class CountSignInTryHandler
{
    public static Refusal? Validate(CountSignInTry command, SignInGuard? signInGuard, DateTimeOffset now) =>
        command.Waits && signInGuard is not null && signInGuard.NextTryAt > now
            ? AccountRefusals.SignInWait(signInGuard.NextTryAt - now)
            : null;

    public static AccountEvent Handle(
        CountSignInTry command,
        [WriteAggregate] SignInGuard? signInGuard,
        DateTimeOffset now
    )
    {
        var lately = signInGuard is not null && now < signInGuard.NextTryAt + SignInGuard.ForgottenAfter;
        var inARow = lately ? signInGuard!.InARow + 1 : 1;
        return new SignInTried(command.SignInGuardId, command.TryId, inARow, now + SignInGuard.Wait(inARow));
    }
}
