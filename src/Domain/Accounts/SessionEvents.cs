namespace Veza.Domain.Accounts;

/// <summary>A session is one sign-in on one device, with one refresh token at a time.</summary>
public abstract record SessionEvent : DomainEvent;

/// <param name="ExpiresAt">When the unused refresh token expires, and the session with it.</param>
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

/// <summary>An API key is a session without a refresh token. It ends when it is revoked or expires.</summary>
public sealed record ApiKeyCreated(
    Guid KeyId,
    Guid AccountId,
    [property: Personal(nameof(ApiKeyCreated.AccountId))] string Name,
    IReadOnlyList<string> Scopes,
    [property: Secret] string KeyHash,
    DateTimeOffset ExpiresAt
) : SessionEvent;

/// <summary>
/// An API key was used for the first time on a day. Further requests of that day have no event.
/// </summary>
/// <param name="Day">In UTC.</param>
public sealed record ApiKeyUsed(Guid KeyId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <summary>A session or an API key read the whole platform's log, for the first time on a day.</summary>
/// <param name="SessionId">The id of the session or the key.</param>
/// <param name="Day">In UTC.</param>
public sealed record LogRead(Guid SessionId, Guid AccountId, DateOnly Day) : SessionEvent;

/// <param name="Reason">
/// One of <see cref="Session"/>'s constants: <c>signed_out</c>, <c>refresh_token_reused</c>, ….
/// </param>
public sealed record SessionEnded(Guid SessionId, Guid AccountId, string Reason) : SessionEvent;
