using System.Security.Cryptography;
using System.Text;
using Veza.Commands.Accounts;
using Veza.Domain.Accounts;

namespace Veza.Api.Auth;

/// <summary>
/// The secrets and recovery codes of accounts, made of ENCRYPTION_KEY and a seed in the log, and kept nowhere.
/// </summary>
/// <remarks>See docs/decisions/0026-derived-second-factors.md.</remarks>
public sealed class TwoFactors(byte[] encryptionKey, TimeProvider clock)
{
    /// <summary>50 bits each: tried one by one, with waits, they are not found.</summary>
    private const int RecoveryCodeCharacters = 10;

    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256,
        encryptionKey,
        32,
        info: "veza second factors"u8.ToArray()
    );

    public byte[] Secret(Guid seed) =>
        HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes($"totp {seed:N}"))[..Totp.SecretBytes];

    public IReadOnlyList<string> RecoveryCodes(Guid seed) =>
        [
            .. Enumerable
                .Range(0, TwoFactor.RecoveryCodesCount)
                .Select(i =>
                    Totp.Base32(HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes($"recovery {i} {seed:N}")))[
                        ..RecoveryCodeCharacters
                    ]
                ),
        ];

    /// <summary>What authenticator apps read, as a QR code too.</summary>
    public static string Uri(string userName, string base32) =>
        $"otpauth://totp/Veza:{System.Uri.EscapeDataString(userName)}?secret={base32}&issuer=Veza";

    /// <returns>
    /// What a code is; one that is neither a device's nor a recovery code when it is wrong. Null when no code was
    /// shown.
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
