using System.Diagnostics;

namespace Veza.EventStore.Postgres;

/// <summary>
/// Runs commands as the server's user: this process's user, or <c>postgres</c> if that is root, which PostgreSQL
/// refuses.
/// </summary>
/// <remarks>
/// The only class of this project that starts programs. It sets no limits of memory or time. It starts PostgreSQL,
/// whose limits are its settings and the disk, and short commands around it. Their input holds nothing from clients.
/// </remarks>
internal sealed class ServerAccount
{
    private const string UserWhenRoot = "postgres";

    public bool IsOther { get; } = Environment.IsPrivilegedProcess;

    /// <summary>Runs a <c>sh</c> script. Its arguments are $1, $2 …, so that no path is parsed as shell.</summary>
    public async Task<(int ExitCode, string Output)> TryRun(
        string script,
        IEnumerable<string> arguments,
        string? input,
        CancellationToken ct
    )
    {
        using var process = Start(script, arguments);
        // Both pipes are read while the script runs; otherwise a full pipe would block it for ever.
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, (await output + await errors).Trim());
    }

    public async Task<string> Run(
        string script,
        IEnumerable<string> arguments,
        CancellationToken ct,
        string? input = null
    )
    {
        var (exitCode, output) = await TryRun(script, arguments, input, ct);
        return exitCode == 0
            ? output
            : throw new LocalPostgresException(
                $"{script.Trim()} ({string.Join(' ', arguments)}) failed with exit code {exitCode}: {output}"
            );
    }

    /// <summary>
    /// Starts a script in its own session, out of reach of the terminal's Ctrl-C. The caller holds its standard input.
    /// </summary>
    public Process StartDetached(string script, IEnumerable<string> arguments) => Start(script, arguments, "setsid");

    /// <summary>Creates a folder that belongs to the server's user alone.</summary>
    public void MakeFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        if (IsOther)
            RunHere("chown", UserWhenRoot + ":", folder);
        RunHere("chmod", "0700", folder);
    }

    public static string RunHere(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Trim()
            : throw new LocalPostgresException(
                $"{program} {string.Join(' ', arguments)} failed: {errors.Result.Trim()}"
            );
    }

    private Process Start(string script, IEnumerable<string> arguments, params string[] before)
    {
        string[] asUser = IsOther ? ["runuser", "-u", UserWhenRoot, "--"] : [];
        string[] command = [.. asUser, .. before, "sh", "-c", script, "sh", .. arguments];
        return Process.Start(
            new ProcessStartInfo(command[0], command[1..])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                // The present folder may be closed to the server's user, and every command would warn about it.
                WorkingDirectory = "/",
                // The commands' messages are for people and are not parsed, but one language is easier to search for.
                Environment = { ["LC_ALL"] = "C.UTF-8" },
            }
        )!;
    }
}
