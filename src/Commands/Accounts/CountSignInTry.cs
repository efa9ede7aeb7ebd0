using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Counts a try to sign in before it is checked, on every node, as if it had failed. So tries that come at once cannot
/// each be the tenth, and a node that dies in between has counted one too many.
/// </summary>
/// <param name="Waits">False where the owner of the name has signed in before: there its tries do not wait.</param>
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
