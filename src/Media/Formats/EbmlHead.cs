using System.Numerics;

namespace Veza.Media.Formats;

internal enum EbmlRead
{
    Complete,
    NeedsMore,
    Invalid,
}

/// <summary>The id and the size in front of an EBML element's content.</summary>
/// <remarks>RFC 8794, sections 4 to 6.</remarks>
/// <param name="Id">With its length marker, as RFC 9559 writes ids.</param>
/// <param name="ContentBytes">Null when the size is unknown, as in streams that are written while recording.</param>
/// <param name="Bytes">Of the head itself.</param>
internal readonly record struct EbmlHead(uint Id, long? ContentBytes, int Bytes)
{
    /// <summary>An id of four bytes and a size of eight: the longest that Matroska allows.</summary>
    public const int BytesMax = IdBytesMax + SizeBytesMax;

    private const int IdBytesMax = 4;
    private const int SizeBytesMax = 8;

    public static EbmlRead TryRead(ReadOnlySpan<byte> bytes, out EbmlHead head)
    {
        head = default;
        if (bytes.IsEmpty)
            return EbmlRead.NeedsMore;
        var idBytes = LengthOf(bytes[0]);
        if (idBytes > IdBytesMax)
            return EbmlRead.Invalid;
        if (bytes.Length <= idBytes)
            return EbmlRead.NeedsMore;
        var sizeBytes = LengthOf(bytes[idBytes]);
        if (sizeBytes > SizeBytesMax)
            return EbmlRead.Invalid;
        if (bytes.Length < idBytes + sizeBytes)
            return EbmlRead.NeedsMore;

        var size = Number(bytes.Slice(idBytes, sizeBytes)) & ValueMask(sizeBytes);
        head = new((uint)Number(bytes[..idBytes]), size == ValueMask(sizeBytes) ? null : size, idBytes + sizeBytes);
        return EbmlRead.Complete;
    }

    /// <summary>Reads a number of variable length, such as a block's track.</summary>
    /// <returns>Its length; 0 when the bytes do not hold all of it.</returns>
    public static int ReadNumber(ReadOnlySpan<byte> bytes, out long number)
    {
        number = 0;
        if (bytes.IsEmpty)
            return 0;
        var length = LengthOf(bytes[0]);
        if (length > SizeBytesMax || length > bytes.Length)
            return 0;
        number = Number(bytes[..length]) & ValueMask(length);
        return length;
    }

    /// <param name="bytes">At most eight, most significant first.</param>
    public static long Number(ReadOnlySpan<byte> bytes)
    {
        var number = 0L;
        foreach (var b in bytes)
            number = number << 8 | b;
        return number;
    }

    /// <summary>As many bytes as there are zero bits before the first one, and one more.</summary>
    private static int LengthOf(byte first) => BitOperations.LeadingZeroCount((uint)first) - 23;

    private static long ValueMask(int bytes) => (1L << (7 * bytes)) - 1;
}
