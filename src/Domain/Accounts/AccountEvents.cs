namespace Veza.Domain.Accounts;

public abstract record AccountEvent : DomainEvent;
public sealed record AccountRegistered(Guid AccountId, string UserName, string Email, [property: Secret] string PasswordHash) : AccountEvent;
public sealed record RoleGranted(Guid AccountId, string Role) : AccountEvent;

/// <summary>A session is one sign-in on one device, with one refresh token at a time.</summary>
public abstract record SessionEvent : DomainEvent;

/// <param name="ExpiresAt">When the refresh token ends unused, and the session with it.</param>
public sealed record SessionStarted(Guid SessionId, Guid AccountId, [property: Secret] string RefreshTokenHash, DateTimeOffset ExpiresAt) : SessionEvent;
public sealed record SessionRefreshed(Guid SessionId, Guid AccountId, [property: Secret] string RefreshTokenHash, DateTimeOffset ExpiresAt) : SessionEvent;

/// <param name="Reason"><c>signed_out</c>, or <c>refresh_token_reused</c>.</param>
public sealed record SessionEnded(Guid SessionId, Guid AccountId, string Reason) : SessionEvent;
