namespace Veza.Deploy.Tests;

public sealed class ShellScriptsTests
{
    [Fact]
    public async Task Shellcheck_accepts_every_script_of_deploy()
    {
        var shellcheck = await Shell.DebianFileAsync("shellcheck", "usr/bin/shellcheck");
        string[] scripts =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Shell.Root, "deploy"), "*", SearchOption.AllDirectories)
                .Where(IsShellScript),
            Path.Combine(Shell.Root, "tests/tools"),
        ];
        (await Shell.RunAsync(shellcheck, ["--external-sources", .. scripts])).Succeeded();
    }

    private static bool IsShellScript(string path)
    {
        var first = File.ReadLines(path).FirstOrDefault();
        return first is not null
            && first.StartsWith("#!", StringComparison.Ordinal)
            && first.EndsWith("sh", StringComparison.Ordinal);
    }
}
