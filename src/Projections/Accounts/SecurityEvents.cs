using Veza.Domain;
using Veza.Domain.Accounts;
using Veza.EventStore.Projections;

namespace Veza.Projections.Accounts;

/// <summary>An event of an account's security. It points at the log and repeats nothing of it.</summary>
public sealed record SecurityEvent(Guid AccountId, long Position);

/// <remarks>Of several events that say the same, one: of a sign-in not the session's beginning, of a code not that it is used up.</remarks>
public sealed class SecurityEventsProjection : Projection<SecurityEvent, (Guid AccountId, long Position)>
{
    public override string Name => "accounts.security_events.v1";

    public SecurityEventsProjection()
    {
        One<AccountRegistered>(e => e.AccountId);
        One<SignedIn>(e => e.AccountId);
        // A name that nobody has concerns nobody.
        Identities<SignInFailed>((e, at) => e.AccountId is { } account ? [(account, at.Position)] : []);
        One<SessionEnded>(e => e.AccountId);
        One<PasswordChanged>(e => e.AccountId);
        One<PasswordResetIssued>(e => e.AccountId);
        One<PasswordReset>(e => e.AccountId);
        One<TwoFactorBegun>(e => e.AccountId);
        One<TwoFactorEnabled>(e => e.AccountId);
        One<RecoveryCodeUsed>(e => e.AccountId);
        One<TwoFactorDisabled>(e => e.AccountId);
        One<ApiKeyCreated>(e => e.AccountId);
        One<ApiKeyUsed>(e => e.AccountId);
        One<RoleGranted>(e => e.AccountId);
    }

    public static SecurityEvent Create(AccountRegistered _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(SignedIn _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(SignInFailed _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(SessionEnded _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(PasswordChanged _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(PasswordResetIssued _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(PasswordReset _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(TwoFactorBegun _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(TwoFactorEnabled _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(RecoveryCodeUsed _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(TwoFactorDisabled _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(ApiKeyCreated _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(ApiKeyUsed _, (Guid, long) key) => Row(key);
    public static SecurityEvent Create(RoleGranted _, (Guid, long) key) => Row(key);

    private void One<TEvent>(Func<TEvent, Guid> account) where TEvent : DomainEvent => Identity<TEvent>((e, at) => (account(e), at.Position));

    private static SecurityEvent Row((Guid AccountId, long Position) key) => new(key.AccountId, key.Position);
}
