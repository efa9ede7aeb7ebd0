using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Veza.EventStore.Verification;

/// <summary>
/// A canonical form of JSON: two texts have the same bytes exactly when jsonb treats them as equal. The order of
/// properties, whitespace, escapes and the notation of numbers make no difference.
/// </summary>
/// <remarks>
/// Every value begins with its kind: <c>{</c> properties by the bytes of their names, name before value, <c>}</c>;
/// <c>[</c> items <c>]</c>; <c>"</c> with the length (4 bytes, big-endian) and the UTF-8; <c>#</c> with the digits,
/// without zeros at either end, <c>e</c>, the power of ten and <c>;</c> <c>t</c>, <c>f</c> and <c>n</c>.
/// </remarks>
internal static class CanonicalJson
{
    /// <exception cref="JsonException">The text is no JSON or nests deeper than 64 levels.</exception>
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
            case JsonTokenType.StartObject:
                WriteObject(ref reader, to);
                break;
            case JsonTokenType.StartArray:
                WriteKind(to, '[');
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    WriteValue(ref reader, to);
                WriteKind(to, ']');
                break;
            case JsonTokenType.String:
                WriteString(ref reader, to);
                break;
            case JsonTokenType.Number:
                WriteNumber(reader.ValueSpan, to);
                break;
            case JsonTokenType.True:
                WriteKind(to, 't');
                break;
            case JsonTokenType.False:
                WriteKind(to, 'f');
                break;
            default:
                WriteKind(to, 'n');
                break;
        }
    }

    private static void WriteObject(ref Utf8JsonReader reader, ByteBuffer to)
    {
        WriteKind(to, '{');
        var begin = to.Count;
        var parts = ArrayPool<Part>.Shared.Rent(16);
        var count = 0;
        var sorted = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (count == parts.Length)
                Grow(ref parts);
            var at = to.Count;
            WriteString(ref reader, to);
            var name = to.Count - at;
            reader.Read();
            WriteValue(ref reader, to);
            parts[count] = new(at - begin, name, to.Count - at);
            if (count > 0)
                sorted &= CompareNames(to.Written[begin..], parts[count - 1], parts[count]) < 0;
            count++;
        }
        if (!sorted)
            Sort(parts.AsSpan(0, count), begin, to);
        ArrayPool<Part>.Shared.Return(parts);
        WriteKind(to, '}');
    }

    private static void Grow(ref Part[] parts)
    {
        var more = ArrayPool<Part>.Shared.Rent(parts.Length * 2);
        parts.CopyTo(more, 0);
        ArrayPool<Part>.Shared.Return(parts);
        parts = more;
    }

    private static void Sort(Span<Part> parts, int begin, ByteBuffer to)
    {
        var length = to.Count - begin;
        // This runs for every event, and most are not written in this order.
        var unsorted = ArrayPool<byte>.Shared.Rent(length);
        to.Written[begin..].CopyTo(unsorted);
        if (parts.Length <= InsertedMax)
            Insert(parts, unsorted);
        else
            SortMany(parts, unsorted);
        to.Truncate(begin);
        for (var i = 0; i < parts.Length; i++)
        {
            // The last of two equal names counts, as in jsonb.
            if (i + 1 < parts.Length && CompareNames(unsorted, parts[i], parts[i + 1]) == 0)
                continue;
            to.Write(unsorted.AsSpan(parts[i].At, parts[i].Length));
        }
        ArrayPool<byte>.Shared.Return(unsorted);
    }

    /// <summary>Insertion sort: faster than the library's sort for few properties, and without allocation.</summary>
    private static void Insert(Span<Part> parts, ReadOnlySpan<byte> unsorted)
    {
        for (var i = 1; i < parts.Length; i++)
        {
            var part = parts[i];
            var at = i;
            for (; at > 0 && Compare(unsorted, parts[at - 1], part) > 0; at--)
                parts[at] = parts[at - 1];
            parts[at] = part;
        }
    }

    // A separate method, since its closure would otherwise be allocated for few properties too.
    private static void SortMany(Span<Part> parts, byte[] unsorted) => parts.Sort((a, b) => Compare(unsorted, a, b));

    /// <summary>A property: its offset in the object, the length of its name, and its whole length.</summary>
    private readonly record struct Part(int At, int Name, int Length);

    /// <summary>Equal names stay in their order.</summary>
    private static int Compare(ReadOnlySpan<byte> properties, Part a, Part b)
    {
        var byName = CompareNames(properties, a, b);
        return byName == 0 ? a.At.CompareTo(b.At) : byName;
    }

    /// <summary>Compares the bytes of the names, which follow their lengths.</summary>
    private static int CompareNames(ReadOnlySpan<byte> properties, Part a, Part b) =>
        properties
            .Slice(a.At + NameAt, a.Name - NameAt)
            .SequenceCompareTo(properties.Slice(b.At + NameAt, b.Name - NameAt));

    private const int NameAt = 1 + sizeof(int);

    /// <summary>The most properties that are sorted by insertion, whose cost grows with their square.</summary>
    private const int InsertedMax = 16;

    private static void WriteString(ref Utf8JsonReader reader, ByteBuffer to)
    {
        var span = to.Room(NameAt + reader.ValueSpan.Length);
        span[0] = (byte)'"';
        // An unescaped string is never longer than its escaped form.
        var length = reader.CopyString(span[NameAt..]);
        BinaryPrimitives.WriteInt32BigEndian(span[1..], length);
        to.Advance(NameAt + length);
    }

    private static void WriteNumber(ReadOnlySpan<byte> text, ByteBuffer to)
    {
        var exponent = 0L;
        if (text.IndexOfAny((byte)'e', (byte)'E') is >= 0 and var e)
        {
            exponent = long.Parse(
                text[(e + 1)..],
                System.Globalization.NumberStyles.AllowLeadingSign,
                System.Globalization.CultureInfo.InvariantCulture
            );
            text = text[..e];
        }
        var negative = text[0] == '-';
        if (negative)
            text = text[1..];
        Span<byte> digits = text.Length <= 64 ? stackalloc byte[text.Length] : new byte[text.Length];
        if (text.IndexOf((byte)'.') is >= 0 and var point)
        {
            text[..point].CopyTo(digits);
            text[(point + 1)..].CopyTo(digits[point..]);
            digits = digits[..^1];
            exponent -= text.Length - point - 1;
        }
        else
            text.CopyTo(digits);
        var trimmed = digits.TrimEnd((byte)'0');
        exponent += digits.Length - trimmed.Length;
        var significant = trimmed.TrimStart((byte)'0');
        if (significant.IsEmpty)
            (negative, exponent) = (false, 0);

        const int ExponentBytesMax = 20;
        var span = to.Room(significant.Length + ExponentBytesMax + 4);
        var at = 0;
        span[at++] = (byte)'#';
        if (negative)
            span[at++] = (byte)'-';
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
