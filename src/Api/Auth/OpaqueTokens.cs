using System.Buffers.Text;
using System.Security.Cryptography;
using Veza.Api.Http;

namespace Veza.Api.Auth;

/// <summary>Makes and reads opaque tokens: 256 random bits, of which the log stores the hash.</summary>
/// <remarks>
/// On the wire: base64url of the owner's id (16 bytes), secret (32), seal (16). The seal is an HMAC with a key derived
/// from JWT_SECRET. It distinguishes an issued token from an invented one: only a real refresh token, used again, may
/// end a session. A new JWT_SECRET therefore signs every account out, unless the former one is still accepted.
/// </remarks>
/// <param name="kind">Separates the kinds: a token of one is never accepted as another.</param>
public abstract class OpaqueTokens(SigningKeys keys, string kind)
{
    private const int IdBytes = 16,
        SecretBytes = 32,
        SealBytes = 16;
    private const int TokenBytes = IdBytes + SecretBytes + SealBytes;

    private readonly IReadOnlyList<byte[]> _seals = keys.DeriveAll($"veza {kind} seal");
    private readonly byte[] _repeat = keys.Derive($"veza {kind} of a repeated request");

    /// <param name="repeat">
    /// The key of a request that may be repeated. A repetition must get the same token, and the token is not stored.
    /// </param>
    public OpaqueToken Make(Guid id, IdempotencyKey? repeat)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var secret = bytes.Slice(IdBytes, SecretBytes);
        if (repeat is null)
            RandomNumberGenerator.Fill(secret);
        else
            HMACSHA256.HashData(
                _repeat,
                [.. bytes[..IdBytes], .. repeat.CommandId(kind).ToByteArray(bigEndian: true), .. repeat.Fingerprint],
                secret
            );
        Seal(_seals[0], bytes, bytes[(IdBytes + SecretBytes)..]);
        return Of(bytes);
    }

    /// <returns>Null when the token was not issued here.</returns>
    public OpaqueToken? Read(string? text)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (
            text?.Length != Base64Url.GetEncodedLength(TokenBytes)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != TokenBytes
        )
            return null;
        var isOurs = false;
        Span<byte> seal = stackalloc byte[SealBytes];
        foreach (var key in _seals)
        {
            Seal(key, bytes, seal);
            isOurs |= CryptographicOperations.FixedTimeEquals(seal, bytes[(IdBytes + SecretBytes)..]);
        }
        if (!isOurs)
            return null;
        var token = Of(bytes);
        // The last character has four unused bits; a token has exactly one form.
        return token.Text == text ? token : null;
    }

    private static void Seal(byte[] key, ReadOnlySpan<byte> token, Span<byte> seal)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, token[..(IdBytes + SecretBytes)], whole);
        whole[..SealBytes].CopyTo(seal);
    }

    private static OpaqueToken Of(ReadOnlySpan<byte> bytes) =>
        new(
            new(bytes[..IdBytes], bigEndian: true),
            Base64Url.EncodeToString(bytes),
            Convert.ToHexStringLower(SHA256.HashData(bytes))
        );
}

/// <summary>Tokens that renew a session.</summary>
public sealed class RefreshTokens(SigningKeys keys) : OpaqueTokens(keys, "refresh token");

/// <summary>Tokens that authenticate a program, within its scopes.</summary>
public sealed class ApiKeyTokens(SigningKeys keys) : OpaqueTokens(keys, "api key");

/// <summary>Tokens that set the password of an account, once.</summary>
public sealed class ResetTokens(SigningKeys keys) : OpaqueTokens(keys, "password reset");
