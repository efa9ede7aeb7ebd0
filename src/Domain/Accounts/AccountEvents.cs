namespace Veza.Domain.Accounts;

public abstract record AccountEvent : DomainEvent;
public sealed record AccountRegistered(Guid AccountId, [property: Personal(nameof(AccountRegistered.AccountId))] string UserName, [property: Personal(nameof(AccountRegistered.AccountId))] string Email, [property: Secret, Personal(nameof(AccountRegistered.AccountId))] string PasswordHash) : AccountEvent;
public sealed record RoleGranted(Guid AccountId, string Role) : AccountEvent;

/// <param name="Device">As the person or their program calls it; null when neither does.</param>
/// <param name="NetworkHash">Of the network it came from, under a key of the servers': it tells the same network again and nothing else.</param>
public sealed record SignedIn(Guid AccountId, Guid SessionId, [property: Personal(nameof(SignedIn.AccountId))] string? Device, [property: Secret] string? NetworkHash) : AccountEvent;
public sealed record PasswordChanged(Guid AccountId, [property: Secret, Personal(nameof(PasswordChanged.AccountId))] string PasswordHash) : AccountEvent;

/// <summary>An operator has handed somebody who forgot their password the means to set another, once.</summary>
public sealed record PasswordResetIssued(Guid AccountId, Guid ByAccountId, [property: Secret] string TokenHash, DateTimeOffset ExpiresAt) : AccountEvent;
public sealed record PasswordReset(Guid AccountId, [property: Secret, Personal(nameof(PasswordReset.AccountId))] string PasswordHash) : AccountEvent;

/// <param name="SeedId">What the secret and the recovery codes are made of, with a key of the servers': the log holds neither.</param>
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
/// <param name="InARow">Failures, this one too, with less than <see cref="SignInGuard.ForgottenAfter"/> between them.</param>
/// <param name="NextTryAt">When the next try is looked at.</param>
public sealed record SignInFailed(Guid GuardId, Guid? AccountId, int InARow, DateTimeOffset NextTryAt) : AccountEvent;

/// <summary>An operator decides about a read model or a reactor. Appended before the decision is carried out.</summary>
/// <param name="Act">One of <see cref="OperatorAct"/>.</param>
/// <param name="Subject">The name of the read model or reactor.</param>
public sealed record OperatorActed(Guid AccountId, string Act, string Subject) : AccountEvent;

public sealed record ApiKeyIssued(Guid AccountId, Guid KeyId) : AccountEvent;

/// <summary>The person has gone, and with this event the key that opens what they wrote. The events stay.</summary>
[Erases(nameof(AccountErased.AccountId))]
public sealed record AccountErased(Guid AccountId) : AccountEvent;

/// <summary>A session is one sign-in on one device, with one refresh token at a time.</summary>
public abstract record SessionEvent : DomainEvent;

/// <param name="ExpiresAt">When the refresh token ends unused, and the session with it.</param>
public sealed record SessionStarted(Guid SessionId, Guid AccountId, [property: Secret] string RefreshTokenHash, DateTimeOffset ExpiresAt) : SessionEvent;
public sealed record SessionRefreshed(Guid SessionId, Guid AccountId, [property: Secret] string RefreshTokenHash, DateTimeOffset ExpiresAt) : SessionEvent;

/// <summary>An API key is a session that nobody carries on: it ends when it is revoked, or by its time.</summary>
public sealed record ApiKeyCreated(Guid KeyId, Guid AccountId, [property: Personal(nameof(ApiKeyCreated.AccountId))] string Name, IReadOnlyList<string> Scopes, [property: Secret] string KeyHash, DateTimeOffset ExpiresAt) : SessionEvent;

/// <summary>An API key was shown for the first time on a day: that it is in use, without an event for each request.</summary>
/// <param name="Day">In UTC.</param>
public sealed record ApiKeyUsed(Guid KeyId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <summary>A session or an API key read the whole platform's log, for the first time on a day.</summary>
/// <param name="SessionId">The sign-in's or the key's.</param>
/// <param name="Day">In UTC.</param>
public sealed record LogRead(Guid SessionId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <param name="Reason">One of <see cref="Session"/>'s: <c>signed_out</c>, <c>refresh_token_reused</c>, ….</param>
public sealed record SessionEnded(Guid SessionId, Guid AccountId, string Reason) : SessionEvent;
