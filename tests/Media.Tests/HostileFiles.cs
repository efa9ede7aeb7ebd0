using System.Buffers.Binary;
using System.Text;

namespace Veza.Media.Tests;

/// <summary>Small files that declare huge contents, written byte by byte.</summary>
internal static class HostileFiles
{
    /// <summary>An MP4 of some 5 kB whose tables claim this many samples in each track.</summary>
    public static byte[] Mp4(int tracks, uint samples)
    {
        var movieHeader = Full("mvhd", UInt32(0, 0, 1000, 1000), new byte[80]);
        var boxes = Enumerable.Range(1, tracks).Select(number => Track((uint)number, samples)).Prepend(movieHeader);
        return
        [
            .. Box("ftyp", Ascii("M4A "), UInt32(0), Ascii("M4A isom")),
            .. Box("mdat", new byte[64]),
            .. Box("moov", [.. boxes]),
        ];
    }

    /// <summary>A FLAC of frames of silence, each of which is 65,535 samples in 13 bytes.</summary>
    /// <param name="samplesDeclared">The declared total; only 36 bits of it are written.</param>
    public static byte[] Flac(int sampleRateHz, ulong samplesDeclared, int frames)
    {
        const ushort BlockSamples = 65_535;
        var head = new byte[42];
        Ascii("fLaC").CopyTo(head, 0);
        // The last metadata block: type 0, 34 bytes.
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), 0x8000_0022);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(8), BlockSamples);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(10), BlockSamples);
        // 20 bits of rate, 3 of channels less one, 5 of bits a sample less one, 36 of samples.
        var packed = ((ulong)sampleRateHz << 44) | (15UL << 36) | (samplesDeclared & 0xF_FFFF_FFFF);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(18), packed);

        var file = new List<byte>(head);
        for (var number = 0; number < frames; number++)
        {
            byte[] frame = [0xFF, 0xF8, 0x70, 0x08, .. Utf8(number), .. UInt16(BlockSamples - 1)];
            frame = [.. frame, Crc8(frame), 0x00, 0x00, 0x00];
            file.AddRange([.. frame, .. UInt16(Crc16(frame))]);
        }
        return [.. file];
    }

    private static byte[] Track(uint number, uint samples)
    {
        const int Chunks = 500;
        var header = Full("tkhd", UInt32(0, 0, number, 0, 1000), new byte[60]);
        var mediaHeader = Full("mdhd", UInt32(0, 0, 48_000, 48_000), UInt16(0x55C4), UInt16(0));
        var handler = Full("hdlr", new byte[4], Ascii("soun"), new byte[13]);
        var coding = Box(
            "sowt",
            new byte[6],
            UInt16(1),
            new byte[8],
            UInt16(2),
            UInt16(16),
            new byte[4],
            UInt32(48_000u << 16)
        );
        var table = Box(
            "stbl",
            Full("stsd", UInt32(1), coding),
            // Samples of two ticks each: with one tick, ffmpeg would index whole chunks.
            Full("stts", UInt32(1, samples, 2)),
            Full("stsc", UInt32(1, 1, samples / Chunks, 1)),
            Full("stsz", UInt32(1, samples)),
            Full("stco", UInt32([Chunks, .. Enumerable.Repeat(40u, Chunks)]))
        );
        var data = Box("dinf", Full("dref", UInt32(1), Full("url ", [])));
        var information = Box("minf", Full("smhd", new byte[4]), data, table);
        return Box("trak", header, Box("mdia", mediaHeader, handler, information));
    }

    private static byte[] Full(string name, params byte[][] content) => Box(name, [new byte[4], .. content]);

    private static byte[] Box(string name, params byte[][] content)
    {
        var bytes = content.SelectMany(part => part).ToArray();
        return [.. UInt32((uint)bytes.Length + 8), .. Ascii(name), .. bytes];
    }

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static byte[] UInt16(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] UInt32(params uint[] values) =>
        [.. values.SelectMany(v => (byte[])[(byte)(v >> 24), (byte)(v >> 16), (byte)(v >> 8), (byte)v])];

    private static byte[] Utf8(int number) => Encoding.UTF8.GetBytes(((Rune)number).ToString());

    private static byte Crc8(byte[] bytes)
    {
        var crc = 0;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = ((crc << 1) ^ ((crc & 0x80) != 0 ? 0x07 : 0)) & 0xFF;
        }
        return (byte)crc;
    }

    private static int Crc16(byte[] bytes)
    {
        var crc = 0;
        foreach (var b in bytes)
        {
            crc ^= b << 8;
            for (var bit = 0; bit < 8; bit++)
                crc = ((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x8005 : 0)) & 0xFFFF;
        }
        return crc;
    }
}
