using System.Diagnostics;
using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.Faults.Tests.Standby;

/// <summary>A streaming standby of a private server, in a temporary folder. It ends with its maker.</summary>
public sealed class StandbyServer : IAsyncDisposable
{
    private readonly Process _keeper;
    private readonly string _folder;
    private readonly string _bin;

    private StandbyServer(Process keeper, string folder, string bin, string connectionString)
    {
        _keeper = keeper;
        _folder = folder;
        _bin = bin;
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; }

    public static async Task<StandbyServer> StartAsync(LocalPostgres primary)
    {
        var folder = Directory.CreateTempSubdirectory("veza-standby-").FullName;
        var bin = Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Max()!;
        var port = Loopback.FreePort();
        var to = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        await ShellAsync("""chown postgres: "$1" """, [folder], asServer: false);
        // The keeper stops the server when this process dies, which closes the keeper's standard input.
        var keeper = Start(
            """
            trap "" INT TERM HUP
            cat > /dev/null
            "$2/pg_ctl" stop -D "$1/data" -m immediate > /dev/null 2>&1
            rm -rf "$1"
            """,
            [folder, bin],
            "setsid"
        );
        await ShellAsync(
            """
            export PGPASSWORD="$4"
            "$2/pg_basebackup" -D "$1/data" -R -X stream -c fast -h 127.0.0.1 -p "$3" -U veza &&
            printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\n" "$5" "$1" \
                >> "$1/data/postgresql.auto.conf" &&
            "$2/pg_ctl" start -s -w -D "$1/data" -l "$1/log"
            """,
            [folder, bin, primary.Port.ToString(), to.Password!, port.ToString()]
        );
        return new(
            keeper,
            folder,
            bin,
            new NpgsqlConnectionStringBuilder(primary.ConnectionString)
            {
                Host = "127.0.0.1",
                Port = port,
            }.ConnectionString
        );
    }

    /// <summary>A connection string for both servers that picks the primary.</summary>
    public string Either(LocalPostgres primary)
    {
        var own = new NpgsqlConnectionStringBuilder(ConnectionString);
        return new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Host = $"127.0.0.1:{primary.Port},127.0.0.1:{own.Port}",
            TargetSessionAttributes = "primary",
        }.ConnectionString;
    }

    public Task PromoteAsync() => ShellAsync("""exec "$2/pg_ctl" promote -s -w -D "$1/data" """, [_folder, _bin]);

    /// <summary>Ends the replication.</summary>
    public Task DisconnectAsync() =>
        ShellAsync(
            """
            echo "primary_conninfo = 'host=127.0.0.1 port=1'" >> "$1/data/postgresql.auto.conf" &&
            exec "$2/pg_ctl" reload -s -D "$1/data"
            """,
            [_folder, _bin]
        );

    public async ValueTask DisposeAsync()
    {
        _keeper.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private static async Task ShellAsync(string script, string[] arguments, bool asServer = true)
    {
        using var process = asServer
            ? Start(script, arguments)
            : Process.Start(
                new ProcessStartInfo("sh", ["-c", script, "sh", .. arguments]) { RedirectStandardError = true }
            )!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{script} ended with {process.ExitCode}: {errors}");
    }

    private static Process Start(string script, string[] arguments, params string[] before) =>
        Process.Start(
            new ProcessStartInfo("runuser", ["-u", "postgres", "--", .. before, "sh", "-c", script, "sh", .. arguments])
            {
                RedirectStandardInput = true,
                RedirectStandardError = true,
                WorkingDirectory = "/",
            }
        )!;
}
