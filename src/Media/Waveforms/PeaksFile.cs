using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Veza.Media.Waveforms;

/// <summary>
/// The format <c>.dat</c> version 2 of BBC audiowaveform: six little-endian numbers of 32 bits, then the peaks.
/// </summary>
/// <remarks>Source: audiowaveform's <c>doc/DataFormat.md</c>. Written with 8 bits a peak and one channel.</remarks>
public static class PeaksFile
{
    public const int Version = 2;
    public const int Channels = 1;
    public const int Bits = 8;

    public const int HeaderBytes = 6 * sizeof(int);

    /// <summary>The flag of peaks with 8 bits; those without it have 16.</summary>
    private const int EightBits = 1;

    public static byte[] Write(Peaks peaks)
    {
        var file = new byte[HeaderBytes + peaks.Extremes.Length];
        var header =
            (ReadOnlySpan<int>)[Version, EightBits, peaks.SampleRateHz, peaks.SamplesPerPoint, peaks.Points, Channels];
        for (var i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(i * sizeof(int)), header[i]);
        MemoryMarshal.AsBytes(peaks.Extremes.Span).CopyTo(file.AsSpan(HeaderBytes));
        return file;
    }

    /// <summary>Reads a file that <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">It is another file, or not whole.</exception>
    public static Peaks Read(ReadOnlySpan<byte> file)
    {
        var header = new int[HeaderBytes / sizeof(int)];
        for (var i = 0; i < header.Length && (i + 1) * sizeof(int) <= file.Length; i++)
            header[i] = BinaryPrimitives.ReadInt32LittleEndian(file[(i * sizeof(int))..]);
        if (header is not [Version, EightBits, var rate, var samplesPerPoint, var points, Channels])
            throw new InvalidDataException("a waveform has another header than version 2, 8 bits, one channel");
        if (file.Length != HeaderBytes + points * 2L)
            throw new InvalidDataException($"a waveform of {points:N0} points has {file.Length:N0} bytes");
        return new(rate, samplesPerPoint, MemoryMarshal.Cast<byte, sbyte>(file[HeaderBytes..]).ToArray());
    }
}
