using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Remembers that signing in under a name failed, on every node. Names that nobody has are remembered like any other, so that waiting tells nobody which there are.</summary>
/// <param name="OwnerId">Whose name it is; null when it is nobody's.</param>
public sealed record RecordFailedSignIn(Guid SignInGuardId, Guid? OwnerId);

public static class RecordFailedSignInHandler
{
    public static AccountEvent Handle(RecordFailedSignIn command, [WriteModel] SignInGuard? signInGuard, DateTimeOffset now)
    {
        var inARow = signInGuard is null || now >= signInGuard.NextTryAt + SignInGuard.ForgottenAfter ? 1 : signInGuard.InARow + 1;
        return new SignInFailed(command.SignInGuardId, command.OwnerId, inARow, now + SignInGuard.Wait(inARow));
    }
}
