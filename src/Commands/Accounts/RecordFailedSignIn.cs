using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>
/// Says that a try which <see cref="CountSignInTry"/> has counted failed. Names that nobody has are remembered like any
/// other, so that waiting tells nobody which there are.
/// </summary>
/// <param name="OwnerId">Whose name it is; null when it is nobody's.</param>
public sealed record RecordFailedSignIn(Guid SignInGuardId, Guid? OwnerId);

public static class RecordFailedSignInHandler
{
    public static AccountEvent Handle(RecordFailedSignIn command, [WriteAggregate] SignInGuard signInGuard) =>
        new SignInFailed(signInGuard.Id, command.OwnerId, signInGuard.InARow, signInGuard.NextTryAt);
}
