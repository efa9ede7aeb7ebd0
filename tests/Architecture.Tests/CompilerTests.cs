using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

public class CompilerTests
{
    /// <summary>
    /// Handlers' code is compiled with the product; a compiler in its output would be 40 MB to carry about.
    /// </summary>
    [Fact]
    public void No_compiler_comes_with_the_program()
    {
        var locked = File.ReadAllText(Path.Combine(Checkout.Root, "src/Cli/packages.lock.json"));
        var packages = Regex
            .Matches(locked, "^      \"([A-Za-z0-9.]+)\": \\{", RegexOptions.Multiline)
            .Select(m => m.Groups[1].Value);

        Assert.Contains("WolverineFx", packages);
        // It checks the build and stays there.
        var compilers = packages.Where(name =>
            name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)
            || name.EndsWith("RuntimeCompilation", StringComparison.Ordinal)
            || name.EndsWith("RuntimeCompiler", StringComparison.Ordinal)
        );
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], compilers.Distinct());
    }
}
