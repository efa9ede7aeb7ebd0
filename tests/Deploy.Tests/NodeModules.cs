namespace Veza.Deploy.Tests;

/// <summary>
/// Runs programs of Node.js with the packages of this project, which npm installs when they are missing.
/// </summary>
internal static class NodeModules
{
    private const string Folder = "tests/Deploy.Tests";

    private static readonly Lazy<Task> Installed = new(InstallAsync);

    /// <param name="program">A path from this project's folder.</param>
    public static async Task<ShellResult> RunAsync(string program, params IEnumerable<string> arguments)
    {
        await Installed.Value;
        return await Shell.RunAsync("node", [.. arguments.Prepend(Path.Combine(Folder, program))]);
    }

    private static async Task InstallAsync()
    {
        var folder = Path.Combine(Shell.Root, Folder);
        var done = new FileInfo(Path.Combine(folder, "node_modules", ".package-lock.json"));
        if (done.Exists && done.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json")))
            return;
        string[] options = ["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder];
        (await Shell.RunAsync("npm", options)).Succeeded();
    }
}
