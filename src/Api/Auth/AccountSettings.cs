namespace Veza.Api.Auth;

/// <summary>The settings that sign-in and tokens depend on.</summary>
/// <param name="JwtSecret">
/// JWT_SECRET: at least <see cref="SigningKeys.SecretBytesMin"/> bytes, the same on every node.
/// </param>
/// <param name="JwtSecretAccepted">JWT_SECRET_ACCEPTED; null when the secret is not being replaced.</param>
/// <param name="RateLimitPerMinute">RATE_LIMIT_PER_MINUTE: requests of one caller.</param>
/// <param name="RolesNeedTwoFactor">Roles beyond <c>user</c> count only with two-factor sign-in.</param>
public sealed record AccountSettings(
    byte[] JwtSecret,
    byte[]? JwtSecretAccepted,
    LastingKeys Keys,
    int RateLimitPerMinute = 1000,
    bool RolesNeedTwoFactor = false
)
{
    public override string ToString() => $"{nameof(AccountSettings)} {{ RateLimitPerMinute = {RateLimitPerMinute} }}";
}
