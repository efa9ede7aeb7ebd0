using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>The pages about the inside name types and tests that exist.</summary>
public sealed partial class InternalsPagesTests
{
    private static readonly HashSet<string> Words =
    [
        .. new[] { "src", "tests" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Checkout.Root, folder), "*.cs", SearchOption.AllDirectories)
            )
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(path => Word().Matches(File.ReadAllText(path)).Select(word => word.Value)),
    ];

    public static TheoryData<string> Pages =>
        [
            "docs/concepts/event-journey.md",
            .. Directory
                .EnumerateFiles(Path.Combine(Checkout.Root, "docs/internals"), "*.md")
                .Select(path => $"docs/internals/{Path.GetFileName(path)}")
                .Order(),
        ];

    [Theory, MemberData(nameof(Pages))]
    public void Every_type_and_test_that_a_page_names_exists(string page)
    {
        var prose = CodeBlock().Replace(File.ReadAllText(Path.Combine(Checkout.Root, page)), "");
        var named = InlineCode().Matches(prose).SelectMany(code => TypeName().Matches(code.Value)).Select(m => m.Value);
        Assert.Empty(named.Except(Words));
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`[^`]+`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"\b[A-Z][a-z]\w+")]
    private static partial Regex TypeName();
}
