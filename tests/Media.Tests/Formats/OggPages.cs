using System.Buffers.Binary;
using System.IO.Hashing;
using Veza.Media.Formats;

namespace Veza.Media.Tests.Formats;

/// <summary>Makes Ogg pages of packets, also invalid ones.</summary>
internal static class OggPages
{
    private const int HeaderBytes = 27;

    /// <summary>The pages of one logical stream, with the given number of segments on each.</summary>
    public static List<byte[]> Of(
        IEnumerable<byte[]> packets,
        int segmentsPerPage,
        uint serial = 1,
        bool isFirst = false,
        uint number = 0
    )
    {
        var segments = packets
            .SelectMany(packet => packet.Chunk(255).Append([]).Take(packet.Length / 255 + 1))
            .ToList();
        var pages = new List<byte[]>();
        var continues = false;
        foreach (var some in segments.Chunk(segmentsPerPage))
        {
            pages.Add(Page(some, serial, number++, continues, isFirst && pages.Count == 0));
            continues = some[^1].Length == 255;
        }
        return pages;
    }

    /// <summary>The two header pages of an Opus stream.</summary>
    public static byte[] Headers(int channels = 2, int mappingFamily = 0, int gainQ8 = 0, uint serial = 1)
    {
        var head = new byte[19 + (mappingFamily == 0 ? 0 : 2 + channels)];
        "OpusHead"u8.CopyTo(head);
        head[8] = 1;
        head[9] = (byte)channels;
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), 48_000);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(16), (short)gainQ8);
        head[18] = (byte)mappingFamily;
        var tags = new byte[16];
        "OpusTags"u8.CopyTo(tags);
        return [.. Of([head], 255, serial, isFirst: true).Single(), .. Of([tags], 255, serial, number: 1).Single()];
    }

    private static byte[] Page(byte[][] segments, uint serial, uint number, bool continues, bool isFirst)
    {
        var lengths = segments.Select(s => (byte)s.Length);
        byte[] page = [.. new byte[HeaderBytes], .. lengths, .. segments.SelectMany(s => s)];
        OggPage.Mark.CopyTo(page);
        page[5] = (byte)((continues ? 1 : 0) | (isFirst ? 2 : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(14), serial);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(18), number);
        page[26] = (byte)segments.Length;
        var polynomial = Crc32ParameterSet.Create(0x04c11db7, initialValue: 0, finalXorValue: 0, reflectValues: false);
        var crc = new Crc32(polynomial);
        crc.Append(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(22), crc.GetCurrentHashAsUInt32());
        return page;
    }
}
