using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>What must be known of a sign-in to carry it on or to end it.</summary>
/// <param name="RefreshTokenHash">Of the one refresh token that is good now; of an API key, its own.</param>
/// <param name="Scopes">All that an API key may do; null for a sign-in, which may do all that its account may.</param>
/// <param name="UsedOn">Of an API key: the last day (UTC) it was shown on; null before the first.</param>
/// <param name="LogReadOn">The last day (UTC) on which it read the whole log; null before the first.</param>
public sealed record Session(
    Guid Id,
    Guid AccountId,
    string RefreshTokenHash,
    DateTimeOffset ExpiresAt,
    bool Ended,
    ImmutableSortedSet<string>? Scopes = null,
    DateOnly? UsedOn = null,
    DateOnly? LogReadOn = null
)
{
    public const string SignedOut = "signed_out";
    public const string RefreshTokenReused = "refresh_token_reused";
    public const string PasswordChanged = "password_changed";
    public const string PasswordReset = "password_reset";
    public const string KeyRevoked = "key_revoked";
    public const string AccountErased = "account_erased";
    public const string AccountSuspended = "account_suspended";
    public const string TooMany = "too_many_sessions";

    /// <summary>Characters of what a device is called; browsers' own names for themselves are cut to it.</summary>
    public const int DeviceMax = 100;

    /// <summary>How long a refresh token is good; a session that nobody carries on for so long is over.</summary>
    public static readonly TimeSpan RefreshTokenLife = TimeSpan.FromDays(30);

    public static Session Create(SessionStarted e) =>
        new(e.SessionId, e.AccountId, e.RefreshTokenHash, e.ExpiresAt, Ended: false);

    public static Session Create(ApiKeyCreated e) =>
        new(e.KeyId, e.AccountId, e.KeyHash, e.ExpiresAt, Ended: false, [.. e.Scopes]);

    public Session Apply(SessionRefreshed e) =>
        this with
        {
            RefreshTokenHash = e.RefreshTokenHash,
            ExpiresAt = e.ExpiresAt,
        };

    public Session Apply(ApiKeyUsed e) => this with { UsedOn = e.Day };

    public Session Apply(LogRead e) => this with { LogReadOn = e.Day };

    public Session Apply(SessionEnded _) => this with { Ended = true };
}
