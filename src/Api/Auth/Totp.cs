using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Veza.Api.Auth;

/// <summary>Codes that a device and a server make of a secret they share and the time (RFC 6238), as every authenticator app makes them: HMAC-SHA-1, 30 seconds, 6 digits.</summary>
/// <remarks>ASP.NET Core Identity's own neither tells which step a code is of, without which one cannot be refused the second time, nor can be used without its user store.</remarks>
public static class Totp
{
    public const int Digits = 6;
    public const int StepSeconds = 30;

    /// <summary>Steps a device's clock may be off, either way.</summary>
    public const int Window = 1;

    /// <summary>As long as the hash, as RFC 4226 asks for.</summary>
    public const int SecretBytes = 20;

    public static string Code(ReadOnlySpan<byte> secret, long step, int digits = Digits)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // The algorithm is the standard's, and nothing rests on SHA-1 being free of collisions.
        HMACSHA1.HashData(secret, counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadUInt32BigEndian(hash[(hash[^1] & 0xF)..]) & 0x7FFF_FFFF;
        return (number % (uint)Math.Pow(10, digits)).ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
    }

    /// <returns>The step that a code is of; null when it is of none within the window.</returns>
    public static long? Step(ReadOnlySpan<byte> secret, string code, DateTimeOffset now)
    {
        long? found = null;
        var current = now.ToUnixTimeSeconds() / StepSeconds;
        for (var step = current - Window; step <= current + Window; step++)
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Code(secret, step)), Encoding.UTF8.GetBytes(code))) found = step;
        return found;
    }

    /// <summary>RFC 4648 without padding, as authenticator apps read it.</summary>
    public static string Base32(ReadOnlySpan<byte> bytes)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var text = new StringBuilder();
        var (bits, held) = (0, 0);
        foreach (var b in bytes)
        {
            (bits, held) = ((bits << 8 | b) & 0xFFF, held + 8);
            for (; held >= 5; held -= 5) text.Append(alphabet[bits >> (held - 5) & 31]);
        }
        if (held > 0) text.Append(alphabet[bits << (5 - held) & 31]);
        return text.ToString();
    }
}
