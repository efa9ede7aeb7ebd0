using System.Text;

namespace Veza.Tests;

/// <summary>Compares names derived from the code with a committed list of lines that must not change.</summary>
/// <remarks>An addition fails too, so the list stays complete.</remarks>
internal static class PinnedLines
{
    /// <summary>The variable that, set to 1, rewrites the lists, for intended additions.</summary>
    private const string AcceptVariable = "VEZA_ACCEPT_NAMES";

    /// <param name="file">Its path in the checkout.</param>
    public static void AssertSame(string file, IEnumerable<string> lines)
    {
        var path = Path.Combine(Root(), file);
        var found = lines.ToHashSet();
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllLines(path, found.Order(StringComparer.Ordinal));

        var pinned = File.ReadAllLines(path);
        Assert.Equal(pinned.Order(StringComparer.Ordinal), pinned);
        var missing = pinned.Except(found).Order(StringComparer.Ordinal).ToList();
        var added = found.Except(pinned).Order(StringComparer.Ordinal).ToList();
        Assert.True(missing.Count + added.Count == 0, Difference(file, missing, added));
    }

    /// <summary>Compares a whole file, whose order has a meaning. A deliberate change is accepted likewise.</summary>
    /// <param name="file">Its path in the checkout.</param>
    public static void AssertSameText(string file, string text)
    {
        var path = Path.Combine(Root(), file);
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
            File.WriteAllText(path, text);

        var pinned = File.Exists(path) ? File.ReadAllLines(path) : [];
        var found = text.TrimEnd('\n').Split('\n');
        var same = pinned.Zip(found).TakeWhile(lines => lines.First == lines.Second).Count();
        Assert.True(
            same == pinned.Length && same == found.Length,
            $"{file} is not current; the first difference is in line {same + 1}:\n"
                + $"  - {pinned.ElementAtOrDefault(same)}\n  + {found.ElementAtOrDefault(same)}\n"
                + $"To make it current, run this test with {AcceptVariable}=1, and commit the file."
        );
    }

    private static string Difference(string file, List<string> missing, List<string> added)
    {
        var text = new StringBuilder($"The code differs from {file}.\n");
        Append("Pinned, and no longer found. Data or clients depend on these; bring them back:", "-", missing);
        Append("Found, and not pinned:", "+", added);
        return text.Append($"\nTo accept a deliberate addition, run this test with {AcceptVariable}=1, ")
            .Append("read the difference in the file, and commit it.")
            .ToString();

        void Append(string title, string sign, List<string> names)
        {
            if (names.Count > 0)
                text.Append($"\n{title}\n").AppendJoin('\n', names.Select(name => $"  {sign} {name}")).Append('\n');
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside a checkout");
        return folder.FullName;
    }
}
