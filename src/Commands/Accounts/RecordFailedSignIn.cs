using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Records that a try counted by <see cref="CountSignInTry"/> failed. Unknown names are recorded too, so a wait does
/// not reveal which names exist.
/// </summary>
/// <param name="OwnerId">The account that has the name; null when none does.</param>
public sealed record RecordFailedSignIn(Guid SignInGuardId, Guid? OwnerId);

public static class RecordFailedSignInHandler
{
    public static AccountEvent Handle(RecordFailedSignIn command, [WriteAggregate] SignInGuard signInGuard) =>
        new SignInFailed(signInGuard.Id, command.OwnerId, signInGuard.InARow, signInGuard.NextTryAt);
}
