namespace Veza.Architecture.Tests;

/// <summary>A test project stands in the folder of its name, and the solution builds it.</summary>
public sealed class TestProjectsTests
{
    private static readonly string[] Projects =
    [
        .. Directory
            .EnumerateFiles(Path.Combine(Checkout.Root, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Checkout.Root, path)),
    ];

    [Fact]
    public void Every_test_project_is_called_Tests_and_stands_in_the_folder_of_its_name()
    {
        Assert.NotEmpty(Projects);
        Assert.All(Projects.Where(path => !path.EndsWith("Veza.Fixtures.csproj", StringComparison.Ordinal)), path =>
        {
            var name = Path.GetFileNameWithoutExtension(path);
            Assert.EndsWith(".Tests", name, StringComparison.Ordinal);
            Assert.Equal(Path.Combine("tests", name["Veza.".Length..], $"{name}.csproj"), path);
        });
    }

    [Fact]
    public void The_solution_builds_every_project_below_tests()
    {
        var solution = File.ReadAllText(Path.Combine(Checkout.Root, "Veza.EventSourced.sln")).Replace('\\', '/');
        Assert.All(Projects, path => Assert.Contains($"\"{path}\"", solution, StringComparison.Ordinal));
    }
}
