using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Veza.EventStore.Personal;

/// <summary>
/// Encrypts and decrypts personal texts: <c>sealed.1.{account}.{nonce, ciphertext, tag}</c>, both parts in base64url.
/// </summary>
/// <remarks>
/// AES-256-GCM with a random nonce of 96 bits under the account's key. NIST SP 800-38D allows 2^32 texts a key, more
/// than a person writes. The id of the event (of the stream, in a snapshot) is authenticated too, so a text that is
/// copied elsewhere cannot be decrypted there.
/// </remarks>
internal static class FieldEncryption
{
    public const int KeyBytes = 32;

    /// <summary>The text that readers get for an erased account.</summary>
    public const string Erased = "";

    private const string Prefix = "sealed.1.";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int OwnerCharacters = 22;
    private const int HeadCharacters = 9 + OwnerCharacters + 1;

    // In JSON, a quote that begins a text never follows a backslash, and a quote within a text always does.
    private static ReadOnlySpan<byte> QuotedPrefix => "\"sealed.1."u8;

    public static string Seal(ReadOnlySpan<byte> key, Guid owner, Guid id, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var bytes = new byte[NonceBytes + length + TagBytes];
        var body = bytes.AsSpan(NonceBytes, length);
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        Encoding.UTF8.GetBytes(text, body);
        using var aes = new AesGcm(key, TagBytes);
        Span<byte> place = stackalloc byte[16];
        id.TryWriteBytes(place, bigEndian: true, out _);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), body, body, bytes.AsSpan(NonceBytes + length), place);
        return string.Create(
            HeadCharacters + Base64Url.GetEncodedLength(bytes.Length),
            (owner, bytes),
            static (text, from) =>
            {
                Prefix.CopyTo(text);
                WriteName(from.owner, text[Prefix.Length..]);
                text[HeadCharacters - 1] = '.';
                Base64Url.EncodeToChars(from.bytes, text[HeadCharacters..]);
            }
        );
    }

    /// <summary>
    /// Whether a text is encrypted, for any account. A plain text from before encryption may look like one; it cannot
    /// be decrypted.
    /// </summary>
    public static bool IsSealed(string text, out Guid owner)
    {
        owner = Guid.Empty;
        return text.Length > HeadCharacters
            && text.StartsWith(Prefix, StringComparison.Ordinal)
            && text[HeadCharacters - 1] == '.'
            && TryOwner(text.AsSpan(Prefix.Length, OwnerCharacters), out owner);
    }

    /// <returns>False when the text was not encrypted with this key for this id.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> key, Guid id, string sealedText, [NotNullWhen(true)] out string? text)
    {
        text = null;
        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(sealedText.AsSpan(HeadCharacters));
        }
        catch (FormatException)
        {
            return false;
        }
        if (bytes.Length < NonceBytes + TagBytes)
            return false;
        var body = bytes.AsSpan(NonceBytes, bytes.Length - NonceBytes - TagBytes);
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(
                bytes.AsSpan(0, NonceBytes),
                body,
                bytes.AsSpan(bytes.Length - TagBytes),
                body,
                id.ToByteArray(bigEndian: true)
            );
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        text = Encoding.UTF8.GetString(body);
        return true;
    }

    /// <summary>Adds the accounts of the encrypted texts in a JSON document, without parsing it.</summary>
    /// <returns>The number of encrypted texts.</returns>
    public static int AddOwners(ReadOnlySpan<byte> json, ISet<Guid> owners)
    {
        var texts = 0;
        for (var at = json.IndexOf(QuotedPrefix); at >= 0; at = json.IndexOf(QuotedPrefix))
        {
            var begins = at == 0 || json[at - 1] != '\\';
            json = json[(at + QuotedPrefix.Length)..];
            if (
                begins
                && json.Length >= OwnerCharacters
                && TryOwner(Encoding.ASCII.GetString(json[..OwnerCharacters]), out var owner)
            )
            {
                owners.Add(owner);
                texts++;
            }
        }
        return texts;
    }

    public static bool MentionsOwner(ReadOnlySpan<byte> json, Guid owner)
    {
        Span<char> name = stackalloc char[OwnerCharacters];
        WriteName(owner, name);
        Span<byte> bytes = stackalloc byte[OwnerCharacters];
        Encoding.ASCII.GetBytes(name, bytes);
        return json.IndexOf(bytes) >= 0;
    }

    private static void WriteName(Guid owner, Span<char> to)
    {
        Span<byte> bytes = stackalloc byte[16];
        owner.TryWriteBytes(bytes, bigEndian: true, out _);
        Base64Url.EncodeToChars(bytes, to);
    }

    private static bool TryOwner(ReadOnlySpan<char> name, out Guid owner)
    {
        owner = Guid.Empty;
        Span<byte> bytes = stackalloc byte[16];
        if (!Base64Url.IsValid(name) || !Base64Url.TryDecodeFromChars(name, bytes, out var written) || written != 16)
            return false;
        owner = new(bytes, bigEndian: true);
        return true;
    }
}
