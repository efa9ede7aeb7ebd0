using System.Collections.Immutable;

namespace Veza.Domain.Accounts;

/// <summary>A sign-in on one device, or an API key, as far as decisions need it.</summary>
/// <param name="RefreshTokenHash">The hash of the one valid refresh token, or of the API key.</param>
/// <param name="Scopes">The scopes of an API key; null for a sign-in, which may do all that its account may.</param>
/// <param name="UsedOn">The last day (UTC) on which an API key was used; null before the first.</param>
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

    /// <summary>Characters of a device's name; the user agent of a browser is cut to it.</summary>
    public const int DeviceMax = 100;

    /// <summary>How long a refresh token is valid. A session that is not refreshed for so long has ended.</summary>
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
