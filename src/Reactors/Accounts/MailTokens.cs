using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Veza.Reactors.Accounts;

/// <summary>Tokens that are mailed: made of an id in the log and a key of JWT_SECRET's, and kept nowhere.</summary>
/// <remarks>
/// On the wire: base64url of the account's id (16 bytes), the request's id (16), seal (32). What sends the mail makes
/// the token again from the event, so that it survives crashes without the log holding it. See
/// docs/decisions/0052-email-counts-once-proven.md.
/// </remarks>
/// <param name="derive">A key of JWT_SECRET's for what is named, 32 bytes.</param>
public sealed class MailTokens(Func<string, byte[]> derive)
{
    private const int IdBytes = 16;
    private const int TokenBytes = 2 * IdBytes + HMACSHA256.HashSizeInBytes;

    private readonly byte[] _proofs = derive("veza mailed email proof");
    private readonly byte[] _resets = derive("veza mailed password reset");
    private readonly byte[] _mailboxes = derive("veza mailbox");

    public string EmailProof(Guid account, Guid proof) => Make(_proofs, account, proof);

    public string PasswordReset(Guid account, Guid reset) => Make(_resets, account, reset);

    /// <returns>Null when it was never mailed from here.</returns>
    public MailToken? ReadEmailProof(string? text) => Read(_proofs, text);

    /// <inheritdoc cref="ReadEmailProof"/>
    public MailToken? ReadPasswordReset(string? text) => Read(_resets, text);

    /// <summary>An address as the log may know it: whoever has not JWT_SECRET cannot tell which it is.</summary>
    public Guid MailboxOf(string address) =>
        new(HMACSHA256.HashData(_mailboxes, Encoding.UTF8.GetBytes(address.ToLowerInvariant())).AsSpan(0, 16));

    private static string Make(byte[] key, Guid account, Guid id)
    {
        Span<byte> bytes = stackalloc byte[TokenBytes];
        account.TryWriteBytes(bytes, bigEndian: true, out _);
        id.TryWriteBytes(bytes[IdBytes..], bigEndian: true, out _);
        HMACSHA256.HashData(key, bytes[..(2 * IdBytes)], bytes[(2 * IdBytes)..]);
        return Base64Url.EncodeToString(bytes);
    }

    private static MailToken? Read(byte[] key, string? text)
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
        var expected = Make(key, read.AccountId, read.Id);
        // The text and not its bytes: the last character has bits that mean nothing, and a token has one form only.
        var fits = CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(expected),
            Encoding.UTF8.GetBytes(text)
        );
        return fits ? read : null;
    }
}

/// <param name="Id">Of the request that it was mailed for.</param>
public sealed record MailToken(Guid AccountId, Guid Id);
