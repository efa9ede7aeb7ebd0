using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Veza.Reactors.Accounts;

/// <summary>
/// The tokens that Veza mails. Each is computed from an id in the log and a key derived from JWT_SECRET, and stored
/// nowhere.
/// </summary>
/// <remarks>
/// A token is base64url of the account's id (16 bytes), the request's id (16) and an HMAC (32). The reactor that sends
/// the mail computes the token from the event. So it survives crashes, and the log does not hold it. See
/// docs/decisions/0052-email-counts-once-proven.md.
/// </remarks>
/// <param name="derive">
/// Derives keys of 32 bytes from JWT_SECRET, for a named purpose. The first is used; the others are accepted.
/// </param>
/// <param name="mailboxes">The lasting key of addresses' ids.</param>
public sealed class MailTokens(Func<string, IReadOnlyList<byte[]>> derive, byte[] mailboxes)
{
    private const int IdBytes = 16;
    private const int TokenBytes = 2 * IdBytes + HMACSHA256.HashSizeInBytes;

    private readonly IReadOnlyList<byte[]> _proofs = derive("veza mailed email proof");
    private readonly IReadOnlyList<byte[]> _resets = derive("veza mailed password reset");

    public string EmailProof(Guid account, Guid proof) => Make(_proofs[0], account, proof);

    public string PasswordReset(Guid account, Guid reset) => Make(_resets[0], account, reset);

    /// <returns>Null when this server never mailed it.</returns>
    public MailToken? ReadEmailProof(string? text) => Read(_proofs, text);

    /// <inheritdoc cref="ReadEmailProof"/>
    public MailToken? ReadPasswordReset(string? text) => Read(_resets, text);

    /// <summary>The id of an address in the log. Without its key, it does not reveal the address.</summary>
    public Guid MailboxOf(string address) =>
        new(HMACSHA256.HashData(mailboxes, Encoding.UTF8.GetBytes(address.ToLowerInvariant())).AsSpan(0, 16));

    private static string Make(byte[] key, Guid account, Guid id)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        account.TryWriteBytes(bytes, bigEndian: true, out _);
        id.TryWriteBytes(bytes[IdBytes..], bigEndian: true, out _);
        HMACSHA256.HashData(key, bytes[..(2 * IdBytes)], bytes[(2 * IdBytes)..]);
        return Base64Url.EncodeToString(bytes);
    }

    private static MailToken? Read(IReadOnlyList<byte[]> keys, string? text)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (text?.Length != Base64Url.GetEncodedLength(TokenBytes))
            return null;
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var written) != OperationStatus.Done)
            return null;
        if (written != TokenBytes)
            return null;
        var read = new MailToken(
            new(bytes[..IdBytes], bigEndian: true),
            new(bytes.Slice(IdBytes, IdBytes), bigEndian: true)
        );
        // Compares the text and not its bytes: the last character has unused bits, and a token has only one form.
        var isOurs = keys.Any(key =>
            CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(Make(key, read.AccountId, read.Id)),
                Encoding.UTF8.GetBytes(text)
            )
        );
        return isOurs ? read : null;
    }
}

/// <summary>The content of a mailed token.</summary>
/// <param name="Id">The id of the request that the token was mailed for.</param>
public sealed record MailToken(Guid AccountId, Guid Id);
