using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>Compares the list of files in docs/guides/add-a-capability.md with the tree.</summary>
public sealed partial class CapabilityGuideTests
{
    private static readonly string[] CommandAndEvent = ["ReactToMessage", "ReactionAdded"];

    private static readonly Row[] Listed =
    [
        .. File.ReadLines(Path.Combine(Checkout.Root, "docs/guides/add-a-capability.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|'))
            .Where(cells => cells.Length == 5 && cells[1].Contains('/'))
            .Select(cells => new Row(
                cells[1].Trim().Trim('`'),
                [.. Quoted().Matches(cells[2]).Select(m => m.Groups[1].Value)]
            )),
    ];

    public static TheoryData<string> Files => [.. Listed.Select(row => row.Path)];

    [Theory, MemberData(nameof(Files))]
    public void Each_listed_file_exists_and_contains_the_names_beside_it(string path)
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, path));
        var names = Listed.Single(row => row.Path == path).Names;
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, text));
    }

    [Fact]
    public void Every_source_file_that_names_the_command_or_its_event_is_listed()
    {
        var naming = Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Checkout.Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/Generated/", StringComparison.Ordinal))
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .Where(path => NamesAny(File.ReadAllText(Path.Combine(Checkout.Root, path))));
        var listed = Listed.Where(row => row.Names.Intersect(CommandAndEvent).Any()).Select(row => row.Path);
        Assert.Equal(naming.Order(), listed.Where(path => path.StartsWith("src/", StringComparison.Ordinal)).Order());
    }

    private static bool NamesAny(string text) => CommandAndEvent.Any(name => Regex.IsMatch(text, $@"\b{name}\b"));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    private sealed record Row(string Path, string[] Names);
}
