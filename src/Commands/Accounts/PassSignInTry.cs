using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Takes a counted try back, as it did not fail.</summary>
public sealed record PassSignInTry(Guid SignInGuardId, Guid TryId);

public static class PassSignInTryHandler
{
    public static AccountEvent Handle(PassSignInTry command, [WriteAggregate] SignInGuard signInGuard) =>
        signInGuard.Newest is { } before && before.Id == command.TryId
            ? new SignInTryPassed(signInGuard.Id, command.TryId, before.InARow, before.NextTryAt)
            // Others have been counted since; their wait stands.
            : new SignInTryPassed(
                signInGuard.Id,
                command.TryId,
                Math.Max(0, signInGuard.InARow - 1),
                signInGuard.NextTryAt
            );
}
