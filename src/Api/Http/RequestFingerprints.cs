using System.Security.Cryptography;

namespace Veza.Api.Http;

/// <summary>Makes the keyed fingerprints of requests that are stored with their idempotency keys.</summary>
/// <remarks>
/// A plain hash of a short text can be reversed by trying texts, even after the text was erased. Without the servers'
/// secret that is impossible. Fingerprints of earlier releases are plain SHA-256, 32 bytes; these begin with their
/// version.
/// </remarks>
/// <param name="secret">ENCRYPTION_KEY: the same on every node.</param>
public sealed class RequestFingerprints(byte[] key)
{
    private const byte Version = 2;

    /// <param name="plain">The request's SHA-256.</param>
    public byte[] Keyed(byte[] plain) => [Version, .. HMACSHA256.HashData(key, plain)];
}
