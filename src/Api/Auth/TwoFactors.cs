using System.Security.Cryptography;
using System.Text;
using Veza.Commands.Accounts;
using Veza.Domain.Accounts;

namespace Veza.Api.Auth;

/// <summary>
/// Derives the secrets and recovery codes of accounts from ENCRYPTION_KEY and a seed in the log, and stores neither.
/// </summary>
/// <remarks>See docs/decisions/0026-derived-second-factors.md.</remarks>
/// <param name="key">The lasting key of second factors.</param>
public sealed class TwoFactors(byte[] key, TimeProvider clock)
{
    /// <summary>50 bits each: too many to guess one by one with waits between.</summary>
    private const int RecoveryCodeCharacters = 10;

    public byte[] Secret(Guid seed) =>
        HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"totp {seed:N}"))[..Totp.SecretBytes];

    public IReadOnlyList<string> RecoveryCodes(Guid seed) =>
        [
            .. Enumerable
                .Range(0, TwoFactor.RecoveryCodesCount)
                .Select(i =>
                    Totp.Base32(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"recovery {i} {seed:N}")))[
                        ..RecoveryCodeCharacters
                    ]
                ),
        ];

    /// <summary>The address that authenticator apps read, also as a QR code.</summary>
    public static string Uri(string userName, string base32) =>
        $"otpauth://totp/Veza:{System.Uri.EscapeDataString(userName)}?secret={base32}&issuer=Veza";

    /// <returns>
    /// The factor that a code proves; one without step and recovery code when it is wrong. Null when no code was sent.
    /// </returns>
    public SecondFactor? Read(TwoFactor? expected, string? code)
    {
        if (code is null)
            return null;
        if (expected is null)
            return new(Guid.Empty, null, null);
        var text =
            code.Length > 64
                ? ""
                : code.Replace(" ", "", StringComparison.Ordinal)
                    .Replace("-", "", StringComparison.Ordinal)
                    .ToUpperInvariant();
        int? recovery = null;
        var codes = RecoveryCodes(expected.SeedId);
        for (var i = 0; i < codes.Count; i++)
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(codes[i]), Encoding.UTF8.GetBytes(text)))
                recovery = i;
        return new(expected.SeedId, Totp.Step(Secret(expected.SeedId), text, clock.GetUtcNow()), recovery);
    }
}
