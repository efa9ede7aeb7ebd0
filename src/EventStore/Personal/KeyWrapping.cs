using System.Security.Cryptography;

namespace Veza.EventStore.Personal;

/// <summary>
/// Wraps the keys of accounts with a secret of the servers: AES-256-GCM, with the account's id authenticated. Any
/// thread may use it.
/// </summary>
/// <remarks>
/// While the secret is replaced, keys wrapped with either secret are accepted. See docs/operations/secrets.md.
/// </remarks>
public sealed class KeyWrapping
{
    private const int TagBytes = 16;
    private const int NonceBytes = 12;

    private readonly byte[] _current;
    private readonly byte[]? _accepted;

    /// <param name="secret">The same on every node; wraps new keys.</param>
    /// <param name="accepted">Unwraps keys too, and wraps none; null when no secret is being replaced.</param>
    public KeyWrapping(byte[] secret, byte[]? accepted = null)
    {
        _current = Derive(secret);
        _accepted = accepted is null ? null : Derive(accepted);
    }

    internal byte[] Wrap(Guid owner, byte[] key)
    {
        var wrapped = new byte[NonceBytes + key.Length + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(_current, TagBytes);
        aes.Encrypt(
            wrapped.AsSpan(0, NonceBytes),
            key,
            wrapped.AsSpan(NonceBytes, key.Length),
            wrapped.AsSpan(NonceBytes + key.Length),
            owner.ToByteArray(bigEndian: true)
        );
        return wrapped;
    }

    /// <exception cref="CryptographicException">The key was wrapped with another secret.</exception>
    internal byte[] Unwrap(Guid owner, byte[] wrapped) =>
        TryUnwrap(_current, owner, wrapped)
        ?? TryUnwrapAccepted(owner, wrapped)
        ?? throw new CryptographicException(
            $"the key of account {owner} was wrapped with another secret than this process was given"
        );

    internal bool IsCurrent(Guid owner, byte[] wrapped) => TryUnwrap(_current, owner, wrapped) is not null;

    /// <returns>Null when the key was not wrapped with the accepted secret, or there is none.</returns>
    internal byte[]? TryUnwrapAccepted(Guid owner, byte[] wrapped) =>
        _accepted is null ? null : TryUnwrap(_accepted, owner, wrapped);

    private static byte[]? TryUnwrap(byte[] with, Guid owner, byte[] wrapped)
    {
        var key = new byte[FieldEncryption.KeyBytes];
        if (wrapped.Length != NonceBytes + key.Length + TagBytes)
            return null;
        using var aes = new AesGcm(with, TagBytes);
        try
        {
            aes.Decrypt(
                wrapped.AsSpan(0, NonceBytes),
                wrapped.AsSpan(NonceBytes, key.Length),
                wrapped.AsSpan(NonceBytes + key.Length),
                key,
                owner.ToByteArray(bigEndian: true)
            );
            return key;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Derive(byte[] secret) =>
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            secret,
            FieldEncryption.KeyBytes,
            info: "veza account keys"u8.ToArray()
        );
}
