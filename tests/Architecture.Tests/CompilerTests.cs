using System.Text.RegularExpressions;

namespace Veza.Architecture.Tests;

public class CompilerTests
{
    /// <summary>
    /// The product's output holds no C# compiler, which would add 40 MB. Handlers' code is compiled with the product.
    /// </summary>
    [Fact]
    public void No_compiler_comes_with_the_program()
    {
        var locked = File.ReadAllText(Path.Combine(Checkout.Root, "src/Cli/packages.lock.json"));
        var packages = Regex
            .Matches(locked, "^      \"([A-Za-z0-9.]+)\": \\{", RegexOptions.Multiline)
            .Select(m => m.Groups[1].Value);

        Assert.Contains("WolverineFx", packages);
        // An analyzer of the build, which is not part of the output.
        var compilers = packages.Where(name =>
            name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)
            || name.EndsWith("RuntimeCompilation", StringComparison.Ordinal)
            || name.EndsWith("RuntimeCompiler", StringComparison.Ordinal)
        );
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], compilers.Distinct());
    }
}
