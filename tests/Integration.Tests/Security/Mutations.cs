using System.Buffers;
using System.Text;

namespace Veza.Integration.Tests.Security;

/// <summary>Random changes of texts and bytes, such as broken or hostile clients send.</summary>
internal static class Mutations
{
    /// <summary>Texts that parsers of JSON, HTTP and tokens treat specially.</summary>
    private static readonly string[] Fragments =
    [
        "\0",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        ".",
        "..",
        "=",
        "null",
        "true",
        "1e999",
        "-0",
        "99999999999999999999",
        "\r\n",
        "\r\n\r\n",
        " ",
        "\u00e4",
        "\u2028",
        "\U0001F525",
        "A",
        "é",
        "%00",
        "//",
    ];

    /// <summary>
    /// Makes up to four changes: replaces a character; removes, repeats or copies a part; inserts a fragment.
    /// </summary>
    public static string OfText(string text, Random random)
    {
        var made = new StringBuilder(text);
        for (var changes = random.Next(1, 5); changes > 0 && made.Length > 0; changes--)
        {
            var (at, length) = (random.Next(made.Length), random.Next(1, 12));
            length = Math.Min(length, made.Length - at);
            switch (random.Next(6))
            {
                case 0:
                    made[at] = (char)random.Next(1, 256);
                    break;
                case 1:
                    made.Remove(at, length);
                    break;
                case 2:
                    made.Insert(at, made.ToString(at, length));
                    break;
                case 3:
                    made.Insert(random.Next(made.Length), made.ToString(at, length));
                    break;
                case 4:
                    made.Insert(
                        at,
                        string.Concat(
                            Enumerable.Repeat(Fragments[random.Next(Fragments.Length)], random.Next(20) == 0 ? 500 : 1)
                        )
                    );
                    break;
                default:
                    made.Insert(at, Fragments[random.Next(Fragments.Length)]);
                    break;
            }
        }
        return made.ToString();
    }

    /// <summary>Replaces up to two bytes, in place.</summary>
    public static byte[] OfBytes(byte[] bytes, Random random)
    {
        for (var i = bytes.Length == 0 ? 0 : random.Next(3); i > 0; i--)
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    /// <summary>The same bytes in pieces, as they may come from a socket.</summary>
    public static ReadOnlySequence<byte> Cut(byte[] bytes, Random random)
    {
        Piece? first = null,
            last = null;
        for (var at = 0; at < bytes.Length; )
        {
            var length = Math.Min(random.Next(1, 64), bytes.Length - at);
            last = new(bytes.AsMemory(at, length), last);
            first ??= last;
            at += length;
        }
        return first is null ? default : new(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
