using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Veza.Architecture.Tests;

/// <summary>docs/reference/dependencies.md lists every package with its licence and the reason for it.</summary>
public sealed class DependenciesTests
{
    private static readonly string[] FreeLicences = ["MIT", "Apache-2.0", "BSD-3-Clause", "PostgreSQL"];

    private static readonly (string Name, string Version)[] Pinned =
    [
        .. XDocument
            .Parse(Read("Directory.Packages.props"))
            .Descendants("PackageVersion")
            .Select(e => (e.Attribute("Include")!.Value, e.Attribute("Version")!.Value)),
    ];

    private static readonly Row[] Listed =
    [
        .. Read("docs/reference/dependencies.md")
            .Split("\n## ")
            .Single(part => part.StartsWith("Packages", StringComparison.Ordinal))
            .Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Skip(1)
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => new Row(cells[1], cells[2], cells[3], cells[5])),
    ];

    [Fact]
    public void Every_package_is_listed_with_its_version_and_no_other_is() =>
        Assert.Equal(Pinned.Order(), Listed.Select(row => (row.Name, row.Version)).Order());

    [Fact]
    public void Every_package_has_a_free_licence_and_a_reason()
    {
        Assert.All(Listed, row => Assert.Contains(row.Licence, FreeLicences));
        Assert.All(Listed, row => Assert.NotEmpty(row.Why));
    }

    /// <summary>Reads the packages that builds have restored to this machine.</summary>
    [Fact]
    public void The_listed_licence_is_the_one_that_the_package_states()
    {
        var stated = Listed.Where(row => Statement(row) is not null).ToList();
        Assert.NotEmpty(stated);
        Assert.All(stated, row => Assert.Equal(row.Licence, Statement(row)));
    }

    [Fact]
    public void Every_pinned_version_is_used_by_a_project()
    {
        var projects = Directory
            .EnumerateFiles(Checkout.Root, "*.*proj", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Checkout.Root, "Directory.Build.props", SearchOption.AllDirectories))
            .SelectMany(path => Regex.Matches(File.ReadAllText(path), "<PackageReference Include=\"([^\"]+)\""))
            .Select(m => m.Groups[1].Value)
            .ToHashSet();
        Assert.Empty(Pinned.Select(package => package.Name).Except(projects));
    }

    /// <returns>The package's licence expression; null where it states a file, or was not restored here.</returns>
    private static string? Statement(Row row)
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var name = row.Name.ToLowerInvariant();
        var specification = Path.Combine(packages, name, row.Version, name + ".nuspec");
        if (!File.Exists(specification))
            return null;
        var licence = XDocument.Load(specification).Descendants().FirstOrDefault(e => e.Name.LocalName == "license");
        return licence?.Attribute("type")?.Value == "expression" ? licence.Value : null;
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Checkout.Root, path));

    private sealed record Row(string Name, string Version, string Licence, string Why);
}
