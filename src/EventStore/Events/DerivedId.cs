using System.Security.Cryptography;

namespace Veza.EventStore.Events;

/// <summary>Derives a UUID of version 8 (RFC 9562, section 5.8) from bytes: the same bytes give the same id.</summary>
/// <remarks>The id is the first half of a SHA-256, but for the six bits of version and variant.</remarks>
public static class DerivedId
{
    public static Guid Of(ReadOnlySpan<byte> input)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new(hash[..16], bigEndian: true);
    }
}
