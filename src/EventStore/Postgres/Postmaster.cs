using System.Diagnostics;
using System.Globalization;

namespace Veza.EventStore.Postgres;

/// <summary>The server process according to <c>postmaster.pid</c> and <c>/proc</c>.</summary>
internal sealed record Postmaster(int ProcessId, int Port, string SocketFolder)
{
    private static string FileIn(string dataFolder) => Path.Combine(dataFolder, "postmaster.pid");

    public static bool HasFile(string dataFolder) => File.Exists(FileIn(dataFolder));

    /// <summary>The server that runs on this data now. Null when none does, also if a stale file names one.</summary>
    public static Postmaster? Running(string dataFolder)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(FileIn(dataFolder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // Lines: pid, data folder, start time, port, socket folder, address, shared memory key, status.
        if (lines.Length < 5 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var pid))
            return null;
        return WorksIn(pid, dataFolder) ? new(pid, int.Parse(lines[3], CultureInfo.InvariantCulture), lines[4]) : null;
    }

    /// <summary>All processes of a server on this data, including orphans of a killed postmaster.</summary>
    /// <remarks>
    /// All processes of PostgreSQL have the data folder as their working directory, and no other process has.
    /// </remarks>
    public static IReadOnlyList<int> ProcessesOn(string dataFolder) =>
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(folder =>
                    int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? pid : 0
                )
                .Where(pid => pid != 0 && WorksIn(pid, dataFolder)),
        ];

    /// <summary>Removes the processes and files of a killed server, so that a new one can start.</summary>
    /// <remarks>
    /// The pid file keeps a second server off data that backends of the first still write. So the orphans are ended
    /// before the file is deleted; they notice their postmaster's death themselves, but late during a long query. A
    /// file that names a process other than a server would stop the start. That happens after a reboot, which numbers
    /// processes anew, and in a container without an init, which keeps the killed server as a zombie.
    /// </remarks>
    public static async Task ClearLeftovers(string dataFolder, string socketFolder, CancellationToken ct)
    {
        if (!File.Exists(FileIn(dataFolder)))
            return;

        foreach (var signal in new[] { "QUIT", "KILL" })
        {
            foreach (var pid in ProcessesOn(dataFolder))
                Signal(pid, signal);
            if (await Gone(() => ProcessesOn(dataFolder).Count == 0, TimeSpan.FromSeconds(3), ct))
                break;
        }

        if (ProcessesOn(dataFolder) is { Count: > 0 } left)
            throw new LocalPostgresException(
                $"Processes {string.Join(", ", left)} of a killed PostgreSQL still use {dataFolder} "
                    + "and cannot be ended."
            );
        File.Delete(FileIn(dataFolder));
        foreach (var socketLock in Directory.EnumerateFiles(socketFolder, ".s.PGSQL.*.lock"))
            File.Delete(socketLock);
    }

    public static void Signal(int processId, string signal)
    {
        // A process that has ended by now needs no signal.
        try
        {
            ServerAccount.RunHere(
                "sh",
                "-c",
                """kill -s "$1" "$2" """,
                "sh",
                signal,
                processId.ToString(CultureInfo.InvariantCulture)
            );
        }
        catch (LocalPostgresException) when (!Directory.Exists($"/proc/{processId}")) { }
    }

    /// <remarks>
    /// A zombie has ended too. A container without an init may show it for ever, but it has no working directory.
    /// </remarks>
    public Task<bool> Ended(string dataFolder, TimeSpan atMost, CancellationToken ct) =>
        Gone(() => !WorksIn(ProcessId, dataFolder), atMost, ct);

    private static async Task<bool> Gone(Func<bool> gone, TimeSpan atMost, CancellationToken ct)
    {
        for (var waited = Stopwatch.StartNew(); !gone(); await Task.Delay(20, ct))
            if (waited.Elapsed > atMost)
                return false;
        return true;
    }

    private static bool WorksIn(int pid, string dataFolder)
    {
        try
        {
            var folder = new FileInfo($"/proc/{pid}/cwd").LinkTarget;
            return folder is null ? IsStartedOn(pid, dataFolder) : folder == dataFolder;
        }
        // It is another user's process, or it ended meanwhile.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether the command line is a postmaster's. It is empty for a zombie.</summary>
    /// <remarks>In a container, root may not be allowed to see the folder of another user's process.</remarks>
    private static bool IsStartedOn(int pid, string dataFolder) =>
        File.ReadAllText($"/proc/{pid}/cmdline").Split('\0') is [var program, .. var arguments]
        && Path.GetFileName(program) == "postgres"
        && arguments.Contains(dataFolder);
}
