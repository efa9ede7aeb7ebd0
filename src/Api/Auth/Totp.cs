using OtpNet;

namespace Veza.Api.Auth;

/// <summary>
/// One-time codes (RFC 6238) from a shared secret and the time, with the parameters that every authenticator app uses:
/// HMAC-SHA-1, 30 seconds, 6 digits.
/// </summary>
public static class Totp
{
    public const int Digits = 6;
    public const int StepSeconds = 30;

    /// <summary>Steps that a device's clock may be off, either way.</summary>
    public const int Window = 1;

    /// <summary>As long as the hash, as RFC 4226 asks for.</summary>
    public const int SecretBytes = 20;

    private static readonly VerificationWindow Steps = new(previous: Window, future: Window);

    public static string Code(byte[] secret, long step, int digits = Digits) =>
        new OtpNet.Totp(secret, StepSeconds, totpSize: digits).ComputeTotp(
            DateTimeOffset.FromUnixTimeSeconds(step * StepSeconds).UtcDateTime
        );

    /// <returns>The time step of a code; null when it matches none within the window.</returns>
    public static long? Step(byte[] secret, string code, DateTimeOffset now)
    {
        // The library throws on an empty text.
        if (code.Length == 0)
            return null;
        var totp = new OtpNet.Totp(secret, StepSeconds, totpSize: Digits);
        return totp.VerifyTotp(now.UtcDateTime, code, out var step, Steps) ? step : null;
    }

    /// <summary>RFC 4648 without padding, as authenticator apps read it.</summary>
    public static string Base32(byte[] bytes) => bytes.Length == 0 ? "" : Base32Encoding.ToString(bytes).TrimEnd('=');
}
