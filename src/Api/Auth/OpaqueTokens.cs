using System.Buffers.Text;
using System.Security.Cryptography;
using Veza.Api.Http;

namespace Veza.Api.Auth;

/// <summary>Tokens that mean nothing to whoever holds them: 256 random bits that the log knows the hash of.</summary>
/// <remarks>
/// On the wire: base64url of the id of what it belongs to (16 bytes), secret (32), seal (16). The seal, made with a key
/// of JWT_SECRET's, tells a token that was given out here from an invented one: only a real refresh token, used again,
/// may end a session. Another JWT_SECRET therefore signs everybody out.
/// </remarks>
/// <param name="kind">No token of one kind is taken for one of another.</param>
public abstract class OpaqueTokens(SigningKeys keys, string kind)
{
    private const int IdBytes = 16,
        SecretBytes = 32,
        SealBytes = 16;
    private const int TokenBytes = IdBytes + SecretBytes + SealBytes;

    private readonly byte[] _seal = keys.Derive($"veza {kind} seal");
    private readonly byte[] _repeat = keys.Derive($"veza {kind} of a repeated request");

    /// <param name="repeat">
    /// Of a request that may be sent again and must then get the same token, without the token being kept anywhere.
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
        Seal(bytes, bytes[(IdBytes + SecretBytes)..]);
        return Of(bytes);
    }

    /// <returns>Null when it was never given out here.</returns>
    public OpaqueToken? Read(string? text)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (
            text?.Length != Base64Url.GetEncodedLength(TokenBytes)
            || Base64Url.DecodeFromChars(text, bytes, out _, out var written) != System.Buffers.OperationStatus.Done
            || written != TokenBytes
        )
            return null;
        Span<byte> seal = stackalloc byte[SealBytes];
        Seal(bytes, seal);
        if (!CryptographicOperations.FixedTimeEquals(seal, bytes[(IdBytes + SecretBytes)..]))
            return null;
        var token = Of(bytes);
        // The last character has four bits that mean nothing; a token has one form only.
        return token.Text == text ? token : null;
    }

    private void Seal(ReadOnlySpan<byte> token, Span<byte> seal)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_seal, token[..(IdBytes + SecretBytes)], whole);
        whole[..SealBytes].CopyTo(seal);
    }

    private static OpaqueToken Of(ReadOnlySpan<byte> bytes) =>
        new(
            new(bytes[..IdBytes], bigEndian: true),
            Base64Url.EncodeToString(bytes),
            Convert.ToHexStringLower(SHA256.HashData(bytes))
        );
}

/// <param name="Id">Of the session or the account that it belongs to.</param>
/// <param name="Text">What the client keeps.</param>
/// <param name="Hash">What the log keeps: SHA-256, which for 256 random bits needs no salt and no work factor.</param>
public sealed record OpaqueToken(Guid Id, string Text, string Hash)
{
    public override string ToString() => $"a token of {Id}";
}

/// <summary>Carry a session on.</summary>
public sealed class RefreshTokens(SigningKeys keys) : OpaqueTokens(keys, "refresh token");

/// <summary>Let a program in, within its scopes.</summary>
public sealed class ApiKeyTokens(SigningKeys keys) : OpaqueTokens(keys, "api key");

/// <summary>Set the password of an account, once.</summary>
public sealed class ResetTokens(SigningKeys keys) : OpaqueTokens(keys, "password reset");
