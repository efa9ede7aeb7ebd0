using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

public class ProblemsTests
{
    /// <summary>Codes composed from the kind of an aggregate or a name, and those of the media room.</summary>
    private static readonly Regex Composed = new(
        "_(unknown|taken)$|^(has_video|not_audio|unsupported_codec|probe_timeout|tags_too_large|too_complex"
            + "|too_long|sound_out_of_bounds|truncated_audio|fault|token_expired)$"
    );

    [Fact]
    public void Every_code_that_the_source_refuses_with_is_listed_and_none_is_forgotten()
    {
        var root = Checkout.Root;
        var used = Directory
            .EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(f =>
                Regex.Matches(
                    File.ReadAllText(f),
                    """new(?: (?:Live)?Refusal)?\(\s*"([a-z_]+)",\s*(?:Live)?RefusalKind\."""
                )
            )
            .Select(m => m.Groups[1].Value)
            .ToHashSet();
        var listed = Regex
            .Matches(
                File.ReadAllText(Path.Combine(root, "docs/reference/problems.md")),
                @"^\|(.+?)\|",
                RegexOptions.Multiline
            )
            .SelectMany(row => Regex.Matches(row.Groups[1].Value, "`([a-z_]+)`"))
            .Select(m => m.Groups[1].Value)
            .ToHashSet();

        Assert.NotEmpty(used);
        Assert.Equal([], used.Except(listed).Order());
        // A code is never removed or given another meaning: clients branch on it.
        Assert.Equal([], listed.Where(c => !Composed.IsMatch(c)).Except(used).Order());
    }
}
