using Veza.Commands.Dispatching;
using Veza.Domain.Accounts;

namespace Veza.Commands.Accounts;

/// <summary>Takes back the count of a try to sign in that succeeded.</summary>
public sealed record PassSignInTry(Guid SignInGuardId, Guid TryId);

public static class PassSignInTryHandler
{
    public static AccountEvent Handle(PassSignInTry command, [WriteAggregate] SignInGuard signInGuard) =>
        signInGuard.Newest is { } before && before.Id == command.TryId
            ? new SignInTryPassed(signInGuard.Id, command.TryId, before.InARow, before.NextTryAt)
            // Other tries have been counted since, and their wait remains.
            : new SignInTryPassed(
                signInGuard.Id,
                command.TryId,
                Math.Max(0, signInGuard.InARow - 1),
                signInGuard.NextTryAt
            );
}
