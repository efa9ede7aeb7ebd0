using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

/// <summary>docs/concepts/promises.md names the tests that prove each promise; they exist.</summary>
public sealed partial class PromisesTests
{
    private const int Promises = 10;

    private static readonly string Page = File.ReadAllText(Path.Combine(Checkout.Root, "docs/concepts/promises.md"));

    [Fact]
    public void Each_promise_names_at_least_one_test()
    {
        var sections = Page.Split("\n## ").Where(section => char.IsDigit(section[0])).ToList();
        Assert.Equal(Promises, sections.Count);
        Assert.All(sections, section => Assert.Matches(TestName(), section));
    }

    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var tests = Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(path => Path.GetFileNameWithoutExtension(path), File.ReadAllText);
        var missing = TestName()
            .Matches(Page)
            .Where(named => !tests[named.Groups["class"].Value].Any(source => Has(source, named.Groups["method"])))
            .Select(named => named.Value);
        Assert.Empty(missing);
    }

    private static bool Has(string source, Group method) =>
        !method.Success || Regex.IsMatch(source, $@"\b{method.Value}\(");

    [GeneratedRegex(@"`(?<class>\w+Tests)(\.(?<method>\w+))?`")]
    private static partial Regex TestName();
}
