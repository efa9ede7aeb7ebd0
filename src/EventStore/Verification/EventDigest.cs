using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Veza.EventStore.Verification;

/// <summary>
/// SHA-256 over all stored parts of an event but its position and time, which its batch's link covers. The appending
/// node computes it, and the verifier computes it again from the database. So a change on the way into the database
/// shows as well.
/// </summary>
internal static class EventDigest
{
    public const int Bytes = SHA256.HashSizeInBytes;

    [ThreadStatic]
    private static ByteBuffer? _buffer;

    /// <param name="destination">32 bytes.</param>
    /// <exception cref="System.Text.Json.JsonException"><paramref name="json"/> is no JSON.</exception>
    public static void Compute(
        Guid id,
        Guid streamId,
        long version,
        string type,
        string? dotNetType,
        string? userName,
        string? correlationId,
        string? causationId,
        ReadOnlySpan<byte> json,
        Span<byte> destination
    )
    {
        const int FixedBytes = 16 + 16 + sizeof(long);
        var buffer = _buffer ??= new(1024);
        buffer.Truncate(0);
        var span = buffer.Room(FixedBytes);
        id.TryWriteBytes(span, bigEndian: true, out _);
        streamId.TryWriteBytes(span[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(span[32..], version);
        buffer.Advance(FixedBytes);
        foreach (var text in (ReadOnlySpan<string?>)[type, dotNetType, userName, correlationId, causationId])
            Write(text, buffer);
        CanonicalJson.Write(json, buffer);
        SHA256.HashData(buffer.Written, destination);
    }

    /// <summary>
    /// Writes the length first, -1 for null, so that different sequences of texts have different bytes.
    /// </summary>
    private static void Write(string? text, ByteBuffer buffer)
    {
        var span = buffer.Room(sizeof(int) + (text is null ? 0 : Encoding.UTF8.GetMaxByteCount(text.Length)));
        var length = text is null ? -1 : Encoding.UTF8.GetBytes(text, span[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        buffer.Advance(sizeof(int) + Math.Max(0, length));
    }
}

/// <summary>
/// A batch's link in the hash chain: SHA-256 over the former link, the position before the batch, the batch's time and
/// the digests of its events.
/// </summary>
internal static class ChainLink
{
    /// <param name="previous">The former link; empty for the first.</param>
    /// <param name="digests">32 bytes for each event.</param>
    /// <remarks>
    /// <c>append_batch.sql</c> computes the same. The time is in microseconds since 1970, PostgreSQL's precision.
    /// </remarks>
    public static byte[] Compute(ReadOnlySpan<byte> previous, long after, DateTimeOffset at, ReadOnlySpan<byte> digests)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(numbers, after);
        BinaryPrimitives.WriteInt64BigEndian(
            numbers[sizeof(long)..],
            (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond
        );
        hash.AppendData(previous);
        hash.AppendData(numbers);
        hash.AppendData(digests);
        return hash.GetHashAndReset();
    }
}
