using System.Buffers.Binary;
using System.IO.Hashing;

namespace Veza.Media.Formats;

internal enum OggPageRead
{
    Complete,
    NeedsMore,
    Invalid,
}

[Flags]
internal enum OggPageFlags : byte
{
    None = 0,
    First = 2,
    Last = 4,
}

/// <summary>One Ogg page, as a view over its bytes.</summary>
/// <remarks>RFC 3533, section 6.</remarks>
internal readonly ref struct OggPage
{
    /// <summary>The largest possible page: a 27-byte header, 255 segment lengths, 255 segments of 255 bytes.</summary>
    public const int BytesMax = HeaderBytes + SegmentsMax + SegmentsMax * 255;

    public const int SegmentsMax = 255;

    private const int HeaderBytes = 27;
    private const int ChecksumAt = 22;

    // Unlike zlib's, Ogg's CRC is not reflected: polynomial 0x04c11db7, highest bit first, no inversion.
    private static readonly Crc32ParameterSet Polynomial = Crc32ParameterSet.Create(
        polynomial: 0x04c11db7,
        initialValue: 0,
        finalXorValue: 0,
        reflectValues: false
    );

    private OggPage(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    public static ReadOnlySpan<byte> Mark => "OggS"u8;

    public ReadOnlySpan<byte> Bytes { get; }
    public bool IsContinued => (Bytes[5] & 1) != 0;
    public bool IsFirst => (Bytes[5] & 2) != 0;
    public bool IsLast => (Bytes[5] & 4) != 0;
    public ulong Granule => BinaryPrimitives.ReadUInt64LittleEndian(Bytes[6..]);
    public uint Serial => BinaryPrimitives.ReadUInt32LittleEndian(Bytes[14..]);
    public uint Number => BinaryPrimitives.ReadUInt32LittleEndian(Bytes[18..]);
    public ReadOnlySpan<byte> Segments => Bytes.Slice(HeaderBytes, Bytes[26]);
    public ReadOnlySpan<byte> Body => Bytes[(HeaderBytes + Bytes[26])..];

    /// <summary>How many packets end on this page: a segment shorter than 255 bytes ends one.</summary>
    public int PacketsEnded
    {
        get
        {
            var ended = 0;
            foreach (var length in Segments)
                if (length < 255)
                    ended++;
            return ended;
        }
    }

    /// <param name="bytes">Beginning with <see cref="Mark"/>.</param>
    /// <param name="skip">
    /// When invalid, how many bytes to skip. More than the mark, so that marks scattered through garbage cannot each
    /// cost a checksum.
    /// </param>
    public static OggPageRead TryRead(ReadOnlySpan<byte> bytes, out OggPage page, out int skip)
    {
        page = default;
        skip = Mark.Length;
        if (bytes.Length < HeaderBytes)
            return OggPageRead.NeedsMore;
        if (bytes[4] != 0)
            return OggPageRead.Invalid;
        var length = HeaderBytes + bytes[26];
        if (bytes.Length < length)
            return OggPageRead.NeedsMore;
        skip = length;
        foreach (var segment in bytes.Slice(HeaderBytes, bytes[26]))
            length += segment;
        if (bytes.Length < length)
            return OggPageRead.NeedsMore;
        page = new OggPage(bytes[..length]);
        return Checksum(page.Bytes) == BinaryPrimitives.ReadUInt32LittleEndian(page.Bytes[ChecksumAt..])
            ? OggPageRead.Complete
            : OggPageRead.Invalid;
    }

    /// <summary>A page that was read before; it is not checked again.</summary>
    public static OggPage OfWhole(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>A page without content that ends a logical stream whose source broke off.</summary>
    public static byte[] End(uint serial, uint number, ulong granule) =>
        Write(OggPageFlags.Last, granule, serial, number, [], []);

    /// <param name="segments">At most <see cref="SegmentsMax"/> lengths, which sum up to the body's.</param>
    public static byte[] Write(
        OggPageFlags flags,
        ulong granule,
        uint serial,
        uint number,
        ReadOnlySpan<byte> segments,
        ReadOnlySpan<byte> body
    )
    {
        var bytes = new byte[HeaderBytes + segments.Length + body.Length];
        Mark.CopyTo(bytes);
        bytes[5] = (byte)flags;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(6), granule);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(14), serial);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(18), number);
        bytes[26] = (byte)segments.Length;
        segments.CopyTo(bytes.AsSpan(HeaderBytes));
        body.CopyTo(bytes.AsSpan(HeaderBytes + segments.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumAt), Checksum(bytes));
        return bytes;
    }

    // The checksum is computed with its own field as zero.
    private static uint Checksum(ReadOnlySpan<byte> page)
    {
        var crc = new Crc32(Polynomial);
        crc.Append(page[..ChecksumAt]);
        crc.Append([0, 0, 0, 0]);
        crc.Append(page[(ChecksumAt + 4)..]);
        return crc.GetCurrentHashAsUInt32();
    }
}
