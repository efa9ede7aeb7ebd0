using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>The commands that the README, the pages and the scripts name exist.</summary>
public class CommandsTests
{
    private static readonly string Script = Read("veza");

    [Fact]
    public void Everything_of_the_project_that_the_script_names_is_there()
    {
        var named = Regex
            .Matches(Script, @"(?<![\w./-])(?:src|bench|tests|demo)/[\w./-]+")
            .Select(m => m.Value)
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal))
            .ToHashSet();
        Assert.Contains("tests/run", named);
        Assert.Equal([], named.Where(path => !Path.Exists(Path.Combine(Checkout.Root, path))));
    }

    [Fact]
    public void Every_subcommand_and_every_bench_that_a_document_names_is_there()
    {
        var pages = Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Prepend("README.md")
            .Select(Read)
            .ToList();
        var subcommands = Regex
            .Matches(Script, @"^  ([a-z |]+)\)", RegexOptions.Multiline)
            .SelectMany(m => m.Groups[1].Value.Split('|', StringSplitOptions.TrimEntries))
            .ToHashSet();
        Assert.Contains("bench", subcommands);
        Assert.Equal([], Named(@"\./veza ([a-z]+)").Except(subcommands));
        var benches = Regex
            .Matches(Read("bench/Program.cs"), "^    \\[\"([a-z-]+)\"", RegexOptions.Multiline)
            // The script itself runs the bench that needs no .NET.
            .Concat(Regex.Matches(Script, @"""\$\{1:-\}"" = ([a-z-]+) \]"))
            .Select(m => m.Groups[1].Value)
            .ToHashSet();
        Assert.Contains("live", benches);
        Assert.Equal([], Named(@"\./veza bench ([a-z-]+)").Except(benches));

        IEnumerable<string> Named(string pattern) =>
            pages.SelectMany(text => Regex.Matches(text, pattern)).Select(m => m.Groups[1].Value).Distinct();
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));
}
