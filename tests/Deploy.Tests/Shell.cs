using System.Diagnostics;

namespace Veza.Deploy.Tests;

/// <summary>Runs programs of this checkout and of Debian, and waits for their end.</summary>
internal static class Shell
{
    /// <summary>
    /// Far beyond what any of them takes, so that a hanging one ends its test with what it wrote. Rehearsals set up
    /// hosts.
    /// </summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(
        Environment.GetEnvironmentVariable("VEZA_REHEARSE") is null ? 5 : 30
    );

    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program at the root of the checkout.</summary>
    /// <param name="program">A path from the root, or a name to be found in PATH.</param>
    public static Task<ShellResult> RunAsync(string program, params string[] arguments) =>
        RunAsync(program, arguments, new Dictionary<string, string>());

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    public static async Task<ShellResult> RunAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment
    )
    {
        var path = Path.Combine(Root, program);
        var start = new ProcessStartInfo(File.Exists(path) ? path : program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(LongestRun);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} still ran after {LongestRun}: {await output}{await errors}");
        }
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>A file of a Debian package, which <c>tests/tools</c> unpacks if it is not there yet.</summary>
    /// <param name="file">From the root of the file system, such as <c>usr/bin/promtool</c>.</param>
    public static async Task<string> DebianFileAsync(string package, string file) =>
        Path.Combine((await RunAsync("tests/tools", package)).Succeeded().Trim(), file);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Veza.EventSourced.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("not inside a checkout");
        return folder.FullName;
    }
}

/// <summary>How a program ended, and what it wrote.</summary>
internal sealed record ShellResult(int Code, string Output, string Errors)
{
    /// <returns>What it wrote to standard output.</returns>
    public string Succeeded()
    {
        Assert.True(Code == 0, $"exit code {Code}\n{Output}\n{Errors}");
        return Output;
    }
}
