using System.Security.Cryptography;

namespace Veza.Domain;

/// <summary>
/// Ids of streams that belong to a pair, such as a community and a member. The same pair always has the same stream.
/// </summary>
public static class StreamIds
{
    /// <returns>A UUID of version 8, from SHA-256 over the kind and both ids.</returns>
    public static Guid Of(string kind, Guid first, Guid second)
    {
        Span<byte> input = stackalloc byte[32 + kind.Length];
        first.TryWriteBytes(input, bigEndian: true, out _);
        second.TryWriteBytes(input[16..], bigEndian: true, out _);
        System.Text.Encoding.ASCII.GetBytes(kind, input[32..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new(hash[..16], bigEndian: true);
    }
}
