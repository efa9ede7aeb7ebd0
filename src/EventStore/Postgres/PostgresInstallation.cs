using System.Globalization;

namespace Veza.EventStore.Postgres;

/// <summary>An installed PostgreSQL: the folder of its programs and its major version.</summary>
internal sealed record PostgresInstallation(string BinFolder, int Major)
{
    /// <summary>The first version whose wal_compression offers lz4.</summary>
    private const int Lz4MajorMin = 15;

    public bool HasLz4 => Major >= Lz4MajorMin;

    public string Program(string name) => Path.Combine(BinFolder, name);

    /// <summary>
    /// Finds the major version that created the data, since no other one can open it; otherwise the newest one.
    /// </summary>
    public static PostgresInstallation Find(string? binFolder, string dataFolder)
    {
        var versionFile = Path.Combine(dataFolder, "PG_VERSION");
        int? madeBy = File.Exists(versionFile) ? Number(File.ReadAllText(versionFile).Trim()) : null;
        var installed = Installed(binFolder)
            .Where(i => File.Exists(i.Program("initdb")) && File.Exists(i.Program("pg_ctl")))
            .ToList();

        if (installed.Count == 0)
            throw new LocalPostgresException(
                "PostgreSQL is not installed. "
                    + "Run: apt-get install postgresql-15   (or set DATABASE_URL to a server you have)"
            );

        return installed.Where(i => madeBy is null || i.Major == madeBy).MaxBy(i => i.Major)
            ?? throw new LocalPostgresException(
                $"The data in {dataFolder} is of PostgreSQL {madeBy}, which is not installed. "
                    + $"Run: apt-get install postgresql-{madeBy}"
            );
    }

    /// <summary>Whether the data's server was shut down cleanly, and not killed or in recovery.</summary>
    public async Task<bool> WasShutDownAsync(ServerAccount account, string dataFolder)
    {
        string[] arguments = [Program("pg_controldata"), dataFolder];
        var (_, output) = await account.TryRun("""exec "$1" -D "$2" """, arguments, null, CancellationToken.None);
        var state = output
            .Split('\n')
            .FirstOrDefault(line => line.StartsWith("Database cluster state:", StringComparison.Ordinal));
        return state is not null && state.EndsWith(" shut down", StringComparison.Ordinal);
    }

    private static IEnumerable<PostgresInstallation> Installed(string? binFolder)
    {
        if (binFolder is not null)
            return [At(binFolder)];

        // The folders of Debian and Red Hat come first, since Debian keeps initdb and pg_ctl off the PATH.
        var packaged = new[] { "/usr/lib/postgresql", "/usr" }
            .Where(Directory.Exists)
            .SelectMany(parent => Directory.EnumerateDirectories(parent, parent == "/usr" ? "pgsql-*" : "*"))
            .Select(folder => Path.Combine(folder, "bin"));
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            ':',
            StringSplitOptions.RemoveEmptyEntries
        );
        return packaged.Concat(onPath).Where(folder => File.Exists(Path.Combine(folder, "pg_ctl"))).Select(At);
    }

    private static PostgresInstallation At(string binFolder)
    {
        // "pg_ctl (PostgreSQL) 15.14 (Debian …)"
        var answer = ServerAccount.RunHere(Path.Combine(binFolder, "pg_ctl"), "--version");
        var version = answer
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => char.IsAsciiDigit(word[0]))
            ?? "0";
        return new(binFolder, Number(version.Split('.')[0]));
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
