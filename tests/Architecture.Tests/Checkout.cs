namespace Veza.Architecture.Tests;

internal static class Checkout
{
    /// <summary>Built or downloaded, not written here.</summary>
    private static readonly string[] FoldersLeftOut =
    [
        ".git",
        ".veza",
        "BenchmarkDotNet.Artifacts",
        "TestResults",
        "artifacts",
        "bin",
        "dist",
        "node_modules",
        "obj",
    ];

    /// <summary>The types that the TypeScript client's build makes from its OpenAPI document.</summary>
    private const string MadeByBuild = "clients/typescript/src/schema.ts";

    public static string Root { get; } = Find();

    /// <summary>Paths of the files that are written here, from the root, with slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. FilesIn(new(Root)).Where(path => path != MadeByBuild)];

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside a checkout");
        return folder.FullName;
    }

    private static IEnumerable<string> FilesIn(DirectoryInfo folder)
    {
        foreach (var file in folder.EnumerateFiles())
            yield return Path.GetRelativePath(Root, file.FullName).Replace('\\', '/');
        var inner = folder.EnumerateDirectories().Where(f => !FoldersLeftOut.Contains(f.Name) && f.LinkTarget is null);
        foreach (var file in inner.SelectMany(FilesIn))
            yield return file;
    }
}
