using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Veza.EventStore.Verification;

/// <summary>
/// One sequence of bytes for everything JSON can say, however it is written: two texts have the same bytes exactly when jsonb holds them to be equal. Order of properties,
/// white space, escapes and the notation of numbers make no difference.
/// </summary>
/// <remarks>
/// Every value begins with its kind: <c>{</c> properties by the bytes of their names, name before value, <c>}</c>; <c>[</c> items <c>]</c>; <c>"</c> with the length (4 bytes,
/// big-endian) and the UTF-8; <c>#</c> with the digits, without zeros at either end, <c>e</c>, the power of ten and <c>;</c> <c>t</c>, <c>f</c> and <c>n</c>.
/// </remarks>
internal static class CanonicalJson
{
    /// <exception cref="JsonException">It is no JSON, or nests deeper than 64 levels.</exception>
    public static void Write(ReadOnlySpan<byte> json, ByteBuffer to)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        WriteValue(ref reader, to);
    }

    private static void WriteValue(ref Utf8JsonReader reader, ByteBuffer to)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject: WriteObject(ref reader, to); break;
            case JsonTokenType.StartArray:
                WriteKind(to, '[');
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) WriteValue(ref reader, to);
                WriteKind(to, ']');
                break;
            case JsonTokenType.String: WriteString(ref reader, to); break;
            case JsonTokenType.Number: WriteNumber(reader.ValueSpan, to); break;
            case JsonTokenType.True: WriteKind(to, 't'); break;
            case JsonTokenType.False: WriteKind(to, 'f'); break;
            default: WriteKind(to, 'n'); break;
        }
    }

    private static void WriteObject(ref Utf8JsonReader reader, ByteBuffer to)
    {
        WriteKind(to, '{');
        var begin = to.Count;
        // Where each property begins, and the length of its name.
        var properties = new List<(int At, int Name)>(8);
        var sorted = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var at = to.Count;
            WriteString(ref reader, to);
            properties.Add((at, to.Count - at));
            if (properties.Count > 1) sorted &= Compare(to.Written, properties[^2], properties[^1]) < 0;
            reader.Read();
            WriteValue(ref reader, to);
        }
        if (!sorted) Sort(properties, begin, to);
        WriteKind(to, '}');
    }

    private static void Sort(List<(int At, int Name)> properties, int begin, ByteBuffer to)
    {
        var length = to.Count - begin;
        // Every event comes by here, and most are not written in this order.
        var unsorted = ArrayPool<byte>.Shared.Rent(length);
        to.Written[begin..].CopyTo(unsorted);
        var parts = ArrayPool<Part>.Shared.Rent(properties.Count);
        var sorted = parts.AsSpan(0, properties.Count);
        for (var i = 0; i < sorted.Length; i++)
            sorted[i] = new(properties[i].At - begin, properties[i].Name, (i + 1 < sorted.Length ? properties[i + 1].At : to.Count) - properties[i].At);
        sorted.Sort(new ByName(unsorted));
        to.Truncate(begin);
        for (var i = 0; i < sorted.Length; i++)
        {
            // Of a name that comes twice the last counts, as with jsonb.
            if (i + 1 < sorted.Length && Compare(unsorted, sorted[i].Begin, sorted[i + 1].Begin) == 0) continue;
            to.Write(unsorted.AsSpan(sorted[i].At, sorted[i].Length));
        }
        ArrayPool<Part>.Shared.Return(parts);
        ArrayPool<byte>.Shared.Return(unsorted);
    }

    /// <summary>A property: where it begins, the length of its name, and its own.</summary>
    private readonly record struct Part(int At, int Name, int Length)
    {
        public (int At, int Name) Begin => (At, Name);
    }

    /// <summary>Equal names as they came.</summary>
    private sealed class ByName(byte[] unsorted) : IComparer<Part>
    {
        public int Compare(Part a, Part b) => CanonicalJson.Compare(unsorted, a.Begin, b.Begin) is var byName and not 0 ? byName : a.At.CompareTo(b.At);
    }

    /// <summary>By the bytes of the names, which follow their lengths.</summary>
    private static int Compare(ReadOnlySpan<byte> written, (int At, int Name) a, (int At, int Name) b) =>
        written.Slice(a.At + NameAt, a.Name - NameAt).SequenceCompareTo(written.Slice(b.At + NameAt, b.Name - NameAt));

    private const int NameAt = 1 + sizeof(int);

    private static void WriteString(ref Utf8JsonReader reader, ByteBuffer to)
    {
        var span = to.Room(NameAt + reader.ValueSpan.Length);
        span[0] = (byte)'"';
        // Unescaped, a string is never longer than it is written.
        var length = reader.CopyString(span[NameAt..]);
        BinaryPrimitives.WriteInt32BigEndian(span[1..], length);
        to.Advance(NameAt + length);
    }

    private static void WriteNumber(ReadOnlySpan<byte> text, ByteBuffer to)
    {
        var exponent = 0L;
        if (text.IndexOfAny((byte)'e', (byte)'E') is >= 0 and var e)
        {
            exponent = long.Parse(text[(e + 1)..], System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture);
            text = text[..e];
        }
        var negative = text[0] == '-';
        if (negative) text = text[1..];
        Span<byte> digits = text.Length <= 64 ? stackalloc byte[text.Length] : new byte[text.Length];
        if (text.IndexOf((byte)'.') is >= 0 and var point)
        {
            text[..point].CopyTo(digits);
            text[(point + 1)..].CopyTo(digits[point..]);
            digits = digits[..^1];
            exponent -= text.Length - point - 1;
        }
        else text.CopyTo(digits);
        var trimmed = digits.TrimEnd((byte)'0');
        exponent += digits.Length - trimmed.Length;
        var significant = trimmed.TrimStart((byte)'0');
        if (significant.IsEmpty) (negative, exponent) = (false, 0);

        const int ExponentBytesMax = 20;
        var span = to.Room(significant.Length + ExponentBytesMax + 4);
        var at = 0;
        span[at++] = (byte)'#';
        if (negative) span[at++] = (byte)'-';
        significant.CopyTo(span[at..]);
        at += significant.Length;
        span[at++] = (byte)'e';
        System.Buffers.Text.Utf8Formatter.TryFormat(exponent, span[at..], out var written);
        at += written;
        span[at++] = (byte)';';
        to.Advance(at);
    }

    private static void WriteKind(ByteBuffer to, char kind)
    {
        to.Room(1)[0] = (byte)kind;
        to.Advance(1);
    }
}
