using System.Text.Json.Serialization;

namespace Veza.Domain.Accounts;

public abstract record AccountEvent : DomainEvent;

/// <param name="Email">
/// Claimed with this event for accounts older than address proofs, and for the operator of the first start. Null for
/// all others.
/// </param>
public sealed record AccountRegistered(
    Guid AccountId,
    [property: Personal(nameof(AccountRegistered.AccountId))] string UserName,
    [property: Personal(nameof(AccountRegistered.AccountId))] string? Email,
    [property: Secret, Personal(nameof(AccountRegistered.AccountId))] string PasswordHash
) : AccountEvent;

/// <summary>A person says that an address is theirs. It has no effect until it is proven.</summary>
/// <param name="ProofId">
/// The mailed token is derived from it with a key that only the servers hold. The log does not hold the token.
/// </param>
public sealed record EmailProofRequested(
    Guid AccountId,
    Guid ProofId,
    [property: Personal(nameof(EmailProofRequested.AccountId))] string Email,
    DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt
) : AccountEvent;

/// <summary>
/// The person has shown that they read mail to the address. With this event the account holds it.
/// </summary>
/// <param name="Before">The account's former address, which is free again; null when it had none.</param>
public sealed record EmailProven(
    Guid AccountId,
    [property: Personal(nameof(EmailProven.AccountId))] string Email,
    [property: Personal(nameof(EmailProven.AccountId))] string? Before
) : AccountEvent;

public sealed record RoleGranted(Guid AccountId, string Role) : AccountEvent;

/// <param name="Device">Its name as the person or their program gave it; null when neither did.</param>
/// <param name="NetworkHash">
/// A hash of the caller's network, keyed by a secret of the servers. It shows only that a network is the same as
/// before.
/// </param>
public sealed record SignedIn(
    Guid AccountId,
    Guid SessionId,
    [property: Personal(nameof(SignedIn.AccountId))] string? Device,
    [property: Secret] string? NetworkHash
) : AccountEvent;

public sealed record PasswordChanged(
    Guid AccountId,
    [property: Secret, Personal(nameof(PasswordChanged.AccountId))] string PasswordHash
) : AccountEvent;

/// <summary>An operator has given an account's owner a token that sets a new password once.</summary>
public sealed record PasswordResetIssued(
    Guid AccountId,
    Guid ByAccountId,
    [property: Secret] string TokenHash,
    DateTimeOffset ExpiresAt
) : AccountEvent;

public sealed record PasswordReset(
    Guid AccountId,
    [property: Secret, Personal(nameof(PasswordReset.AccountId))] string PasswordHash
) : AccountEvent;

/// <summary>
/// A token that sets a new password once is mailed to a proven address. A token from an operator stays valid.
/// </summary>
/// <param name="ResetId">As <see cref="EmailProofRequested"/>'s <c>ProofId</c>.</param>
public sealed record PasswordResetMailed(Guid AccountId, Guid ResetId, DateTimeOffset ExpiresAt) : AccountEvent;

/// <summary>A caller asked for a new password for an e-mail address.</summary>
/// <param name="MailboxId">The address's <see cref="Mailbox"/>. It does not reveal the address.</param>
/// <param name="AccountId">The account that holds the address; null when none does.</param>
public sealed record PasswordResetAsked(Guid MailboxId, Guid? AccountId, DateTimeOffset At) : AccountEvent;

/// <summary>A mail server accepted a mail for an address.</summary>
/// <param name="AccountId">The account that the mail was about.</param>
public sealed record MailSent(Guid MailboxId, Guid AccountId, MailKind Kind, DateTimeOffset At) : AccountEvent;

public enum MailKind
{
    /// <summary>Holds the token that proves the address.</summary>
    EmailProof,

    /// <summary>Warns the holder of an address that another account gave it as its own.</summary>
    EmailHeld,

    /// <summary>Warns the holder of an address that their account now has another one.</summary>
    EmailReplaced,
}

/// <param name="SeedId">
/// The secret and the recovery codes are derived from it with a key that only the servers hold. The log holds neither.
/// </param>
public sealed record TwoFactorBegun(Guid AccountId, Guid SeedId) : AccountEvent;

/// <param name="Step">
/// The time step of the confirming code: seconds since 1970, divided by 30. A code is accepted once.
/// </param>
public sealed record TwoFactorEnabled(Guid AccountId, Guid SeedId, long Step) : AccountEvent;

public sealed record TwoFactorCodeUsed(Guid AccountId, long Step) : AccountEvent;

/// <param name="Number">The recovery code's number, from 0.</param>
public sealed record RecoveryCodeUsed(Guid AccountId, int Number) : AccountEvent;

public sealed record TwoFactorDisabled(Guid AccountId) : AccountEvent;

/// <summary>A sign-in failed.</summary>
/// <param name="GuardId">The name's <see cref="SignInGuard"/>. It does not reveal a name that no account has.</param>
/// <param name="AccountId">The account that has the name; null when none does.</param>
/// <param name="InARow">
/// Failures with less than <see cref="SignInGuard.ForgottenAfter"/> between them, this one included.
/// </param>
/// <param name="NextTryAt">Tries before this time are refused.</param>
public sealed record SignInFailed(Guid GuardId, Guid? AccountId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>A try to sign in was counted before its password was checked.</summary>
/// <param name="GuardId">As in <see cref="SignInFailed"/>.</param>
/// <param name="InARow">Failures and unchecked tries, this one included.</param>
/// <param name="NextTryAt">Tries before this time are refused, unless this one succeeds.</param>
public sealed record SignInTried(Guid GuardId, Guid TryId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>A counted try succeeded and no longer counts.</summary>
/// <param name="InARow">The failures and tries that still count.</param>
/// <param name="NextTryAt">Tries before this time are refused.</param>
public sealed record SignInTryPassed(Guid GuardId, Guid TryId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>
/// An operator decided about a read model or a reactor. It is appended before the decision takes effect.
/// </summary>
/// <param name="Act">One of <see cref="OperatorAct"/>.</param>
/// <param name="Subject">The name of the read model or reactor.</param>
public sealed record OperatorActed(Guid AccountId, string Act, string Subject) : AccountEvent;

public sealed record ApiKeyIssued(Guid AccountId, Guid KeyId) : AccountEvent;

/// <summary>Ended keys leave the account's list, which makes room for new ones.</summary>
public sealed record EndedApiKeysDropped(Guid AccountId, IReadOnlyList<Guid> KeyIds) : AccountEvent;

/// <summary>
/// An operator suspended an account. Its sessions and keys end in the same commit; a reactor ends its broadcasts.
/// </summary>
/// <param name="Until">Null when the suspension lasts until an operator ends it.</param>
public sealed record AccountSuspended(
    Guid AccountId,
    Guid ByAccountId,
    [property: Personal(nameof(AccountSuspended.ByAccountId))] string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null
) : AccountEvent;

/// <summary>
/// The account may sign in again. Sessions, keys and broadcasts that the suspension ended stay ended.
/// </summary>
public sealed record AccountSuspensionEnded(
    Guid AccountId,
    Guid ByAccountId,
    [property: Personal(nameof(AccountSuspensionEnded.ByAccountId))] string Reason
) : AccountEvent;

/// <summary>
/// The suspension reached its end; otherwise as <see cref="AccountSuspensionEnded"/>.
/// </summary>
public sealed record AccountSuspensionExpired(Guid AccountId) : AccountEvent;

/// <summary>
/// The account is erased. The key of its personal data is destroyed in the same commit; its events stay.
/// </summary>
[Erases(nameof(AccountErased.AccountId))]
public sealed record AccountErased(Guid AccountId) : AccountEvent;
