using System.Text.Json.Serialization;

namespace Veza.Domain.Accounts;

public abstract record AccountEvent : DomainEvent;

/// <param name="Email">Claimed with this event: of accounts from before addresses were proven, and of the operator of
/// the first start. Null of all others.</param>
public sealed record AccountRegistered(
    Guid AccountId,
    [property: Personal(nameof(AccountRegistered.AccountId))] string UserName,
    [property: Personal(nameof(AccountRegistered.AccountId))] string? Email,
    [property: Secret, Personal(nameof(AccountRegistered.AccountId))] string PasswordHash
) : AccountEvent;

/// <summary>A person says that an address is theirs. It counts for nothing until it is proven.</summary>
/// <param name="ProofId">What the token that is mailed there is made of, with a key of the servers': the log does not
/// hold the token.</param>
public sealed record EmailProofRequested(
    Guid AccountId,
    Guid ProofId,
    [property: Personal(nameof(EmailProofRequested.AccountId))] string Email,
    DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt
) : AccountEvent;

/// <summary>
/// The person has shown that they read what is mailed to the address; with this event the account holds it.
/// </summary>
/// <param name="Before">The address that it takes the place of, and that is free again; null for the first.</param>
public sealed record EmailProven(
    Guid AccountId,
    [property: Personal(nameof(EmailProven.AccountId))] string Email,
    [property: Personal(nameof(EmailProven.AccountId))] string? Before
) : AccountEvent;

public sealed record RoleGranted(Guid AccountId, string Role) : AccountEvent;

/// <param name="Device">As the person or their program calls it; null when neither does.</param>
/// <param name="NetworkHash">
/// Of the network it came from, under a key of the servers': it tells the same network again and nothing else.
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

/// <summary>An operator has handed somebody who forgot their password the means to set another, once.</summary>
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
/// Somebody who gave a proven address is mailed the means to set another password, once. An operator's means stay as
/// good as they are.
/// </summary>
/// <param name="ResetId">As <see cref="EmailProofRequested"/>'s <c>ProofId</c>.</param>
public sealed record PasswordResetMailed(Guid AccountId, Guid ResetId, DateTimeOffset ExpiresAt) : AccountEvent;

/// <summary>Somebody asked for a new password by an address.</summary>
/// <param name="MailboxId">Of the address; it tells nothing of an address that no account holds.</param>
/// <param name="AccountId">Which account holds it; null when none does.</param>
public sealed record PasswordResetAsked(Guid MailboxId, Guid? AccountId, DateTimeOffset At) : AccountEvent;

/// <summary>A mail server took a mail for an address.</summary>
/// <param name="AccountId">What it was about.</param>
public sealed record MailSent(Guid MailboxId, Guid AccountId, MailKind Kind, DateTimeOffset At) : AccountEvent;

public enum MailKind
{
    /// <summary>Holds the token that proves the address.</summary>
    EmailProof,

    /// <summary>Warns the holder of an address that somebody else gave it as theirs.</summary>
    EmailHeld,

    /// <summary>Warns the holder of an address that their account has another now.</summary>
    EmailReplaced,
}

/// <param name="SeedId">
/// What the secret and the recovery codes are made of, with a key of the servers': the log holds neither.
/// </param>
public sealed record TwoFactorBegun(Guid AccountId, Guid SeedId) : AccountEvent;

/// <param name="Step">Of the code that confirmed it: seconds since 1970 by thirty. A code is good once.</param>
public sealed record TwoFactorEnabled(Guid AccountId, Guid SeedId, long Step) : AccountEvent;

public sealed record TwoFactorCodeUsed(Guid AccountId, long Step) : AccountEvent;

/// <param name="Number">Which of the recovery codes, from 0.</param>
public sealed record RecoveryCodeUsed(Guid AccountId, int Number) : AccountEvent;

public sealed record TwoFactorDisabled(Guid AccountId) : AccountEvent;

/// <summary>Somebody tried to sign in and was not who they said.</summary>
/// <param name="GuardId">Of the name that was tried; it tells nothing of a name that nobody has.</param>
/// <param name="AccountId">Whose name it is; null when it is nobody's.</param>
/// <param name="InARow">
/// Failures, this one too, with less than <see cref="SignInGuard.ForgottenAfter"/> between them.
/// </param>
/// <param name="NextTryAt">When the next try is looked at.</param>
public sealed record SignInFailed(Guid GuardId, Guid? AccountId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>A try to sign in was counted, before it was checked.</summary>
/// <param name="GuardId">As in <see cref="SignInFailed"/>.</param>
/// <param name="InARow">Failures and unchecked tries, this one too.</param>
/// <param name="NextTryAt">When the next try is looked at, should this one fail.</param>
public sealed record SignInTried(Guid GuardId, Guid TryId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>A counted try did not fail, and no longer counts.</summary>
/// <param name="InARow">Those that go on counting.</param>
/// <param name="NextTryAt">When the next try is looked at.</param>
public sealed record SignInTryPassed(Guid GuardId, Guid TryId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>An operator decides about a read model or a reactor. Appended before the decision is carried out.</summary>
/// <param name="Act">One of <see cref="OperatorAct"/>.</param>
/// <param name="Subject">The name of the read model or reactor.</param>
public sealed record OperatorActed(Guid AccountId, string Act, string Subject) : AccountEvent;

public sealed record ApiKeyIssued(Guid AccountId, Guid KeyId) : AccountEvent;

/// <summary>Keys that ended before are no longer listed with the account, which makes room for new ones.</summary>
public sealed record EndedApiKeysDropped(Guid AccountId, IReadOnlyList<Guid> KeyIds) : AccountEvent;

/// <summary>
/// An operator has shut an account out. Its sessions and keys end with it; a reactor ends what it runs.
/// </summary>
/// <param name="Until">Null: until an operator ends it.</param>
public sealed record AccountSuspended(
    Guid AccountId,
    Guid ByAccountId,
    [property: Personal(nameof(AccountSuspended.ByAccountId))] string Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null
) : AccountEvent;

/// <summary>The account may sign in again. What the suspension ended stays ended.</summary>
public sealed record AccountSuspensionEnded(
    Guid AccountId,
    Guid ByAccountId,
    [property: Personal(nameof(AccountSuspensionEnded.ByAccountId))] string Reason
) : AccountEvent;

/// <summary>
/// The time that the suspension was to last is over; otherwise as <see cref="AccountSuspensionEnded"/>.
/// </summary>
public sealed record AccountSuspensionExpired(Guid AccountId) : AccountEvent;

/// <summary>The person has gone, and with this event the key that opens what they wrote. The events stay.</summary>
[Erases(nameof(AccountErased.AccountId))]
public sealed record AccountErased(Guid AccountId) : AccountEvent;

/// <summary>A session is one sign-in on one device, with one refresh token at a time.</summary>
public abstract record SessionEvent : DomainEvent;

/// <param name="ExpiresAt">When the refresh token ends unused, and the session with it.</param>
public sealed record SessionStarted(
    Guid SessionId,
    Guid AccountId,
    [property: Secret] string RefreshTokenHash,
    DateTimeOffset ExpiresAt
) : SessionEvent;

public sealed record SessionRefreshed(
    Guid SessionId,
    Guid AccountId,
    [property: Secret] string RefreshTokenHash,
    DateTimeOffset ExpiresAt
) : SessionEvent;

/// <summary>An API key is a session that nobody carries on: it ends when it is revoked, or by its time.</summary>
public sealed record ApiKeyCreated(
    Guid KeyId,
    Guid AccountId,
    [property: Personal(nameof(ApiKeyCreated.AccountId))] string Name,
    IReadOnlyList<string> Scopes,
    [property: Secret] string KeyHash,
    DateTimeOffset ExpiresAt
) : SessionEvent;

/// <summary>
/// An API key was shown for the first time on a day: that it is in use, without an event for each request.
/// </summary>
/// <param name="Day">In UTC.</param>
public sealed record ApiKeyUsed(Guid KeyId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <summary>A session or an API key read the whole platform's log, for the first time on a day.</summary>
/// <param name="SessionId">The sign-in's or the key's.</param>
/// <param name="Day">In UTC.</param>
public sealed record LogRead(Guid SessionId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <param name="Reason">One of <see cref="Session"/>'s: <c>signed_out</c>, <c>refresh_token_reused</c>, ….</param>
public sealed record SessionEnded(Guid SessionId, Guid AccountId, string Reason) : SessionEvent;
