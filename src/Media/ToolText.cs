using System.Text.RegularExpressions;

namespace Veza.Media;

/// <summary>Cleans a line from ffmpeg or ffprobe for an answer to a client.</summary>
internal static partial class ToolText
{
    /// <summary>Longer than any error; a hostile file may have its own text quoted.</summary>
    private const int CharsMax = 300;

    /// <returns>The line without memory addresses, server paths and control characters.</returns>
    public static string ForAnswer(string line)
    {
        var clean = Paths().Replace(Addresses().Replace(line, ""), "the file");
        clean = Controls().Replace(clean, " ").Trim();
        return clean.Length <= CharsMax ? clean : clean[..CharsMax];
    }

    /// <summary><c>[mov,mp4,m4a @ 0x55d0c0ffee00] </c> before an error, and a bare address anywhere.</summary>
    [GeneratedRegex(@"\[[^\]]*@ 0x[0-9a-fA-F]+\]\s*|@?\s*0x[0-9a-fA-F]{6,}")]
    private static partial Regex Addresses();

    /// <summary>
    /// <c>file:/srv/media/x</c> up to the colon that ends it, and any other path of two parts or more.
    /// </summary>
    [GeneratedRegex(@"file:/[^\n]*?(?=: |['"",)]|$)|(?<![\w.])/[^\s/:'"",)]+/[^\s:'"",)]*")]
    private static partial Regex Paths();

    [GeneratedRegex(@"\p{C}+")]
    private static partial Regex Controls();
}
