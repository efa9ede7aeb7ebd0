using System.Text.RegularExpressions;

namespace Veza.Deploy.Tests.Runbooks;

/// <summary>What docs/runbooks name exists. deploy/test/runbooks follows the pages on booted hosts.</summary>
public sealed partial class RunbooksTests
{
    private static readonly Dictionary<string, string> Pages = Directory
        .EnumerateFiles(Path.Combine(Shell.Root, "docs/runbooks"), "*.md")
        .ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    [Fact]
    public void Every_metric_that_is_looked_for_exists()
    {
        var known = MetricOfTable()
            .Matches(File.ReadAllText(Path.Combine(Shell.Root, "docs/reference/metrics.md")))
            .Select(match => match.Groups[1].Value)
            .ToList();
        var unknown = Pages.SelectMany(page =>
            Metric()
                .Matches(page.Value)
                .SelectMany(match => Names(match.Value))
                .Where(name => !known.Any(k => k.StartsWith(name, StringComparison.Ordinal)))
                .Select(name => $"{page.Key}: {name}")
        );
        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_file_of_deploy_exists_and_every_script_has_its_environment()
    {
        foreach (var (page, text) in Pages)
        {
            foreach (Match file in FileOfDeploy().Matches(text))
                Assert.True(Path.Exists(Path.Combine(Shell.Root, file.Value.TrimEnd('.'))), $"{page}: {file.Value}");
            foreach (Match call in Script().Matches(text))
                Assert.True(call.Groups[1].Value == "production", $"{page}: {call.Value}");
        }
    }

    /// <returns>Of <c>veza_log_(queue|commit)</c>, both names.</returns>
    private static IEnumerable<string> Names(string pattern)
    {
        var parts = pattern.Split('(');
        return parts.Length == 1 ? [pattern] : parts[1].TrimEnd(')').Split('|').Select(end => parts[0] + end);
    }

    [GeneratedRegex(@"^\| `(\w+)`", RegexOptions.Multiline)]
    private static partial Regex MetricOfTable();

    [GeneratedRegex(@"(?<![\w/])veza_\w+(\([\w|]+\))?|(?<!\w)(dotnet|db_client)_\w+")]
    private static partial Regex Metric();

    [GeneratedRegex(@"(?<![\w/])deploy/[\w./-]+")]
    private static partial Regex FileOfDeploy();

    [GeneratedRegex(@"deploy/scripts/[\w-]+\.sh ([\w-]+)")]
    private static partial Regex Script();
}
