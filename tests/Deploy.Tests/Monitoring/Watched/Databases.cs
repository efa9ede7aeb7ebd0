using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>A primary that archives its log, and a standby that streams from it.</summary>
internal sealed class Databases : IAsyncDisposable
{
    /// <summary>As few as a test can take up, and enough for both nodes and the exporters.</summary>
    public const int ConnectionsMax = 120;

    private readonly string _folder;
    private readonly LocalPostgres _primary;
    private Daemon? _standby;

    private Databases(LocalPostgres primary, string folder)
    {
        _primary = primary;
        _folder = folder;
        StandbyPort = Loopback.FreePort();
        var connection = new NpgsqlConnectionStringBuilder(primary.ConnectionString);
        Url = $"postgresql://{connection.Username}:{connection.Password}@127.0.0.1:{primary.Port}/veza";
    }

    public string Url { get; }

    public int PrimaryPort => _primary.Port;

    public int StandbyPort { get; }

    public Daemon Standby => _standby!;

    public static async Task<Databases> StartAsync(string folder)
    {
        var primary = await LocalPostgres.StartEphemeralAsync(loopback: true);
        var databases = new Databases(primary, folder);
        try
        {
            await databases.AskAsync($"ALTER SYSTEM SET max_connections = {ConnectionsMax}");
            await databases.AskAsync("ALTER SYSTEM SET archive_mode = on");
            await databases.AskAsync("ALTER SYSTEM SET archive_command = '/bin/true'");
            await primary.RestartAsync();
            await databases.AskAsync("CREATE ROLE monitor LOGIN PASSWORD 'monitor' IN ROLE pg_monitor");
            await databases.MakeStandbyAsync();
            return databases;
        }
        catch
        {
            await databases.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs statements at the primary.</summary>
    public async Task AskAsync(params string[] statements)
    {
        await using var connection = await OpenAsync(_primary.Port);
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    public async Task AskStandbyAsync(string statement)
    {
        await using var connection = await OpenAsync(StandbyPort);
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A connection to the primary that no pool keeps.</summary>
    public Task<NpgsqlConnection> OpenAsync() => OpenAsync(_primary.Port);

    public Task StopPrimaryAsync() => _primary.KillAsync("INT");

    public Task StartPrimaryAsync() => _primary.RestartAsync();

    /// <summary>Copies the primary, and starts the copy as its standby.</summary>
    public async Task MakeStandbyAsync()
    {
        const string Copy = """
            rm -rf "$1"; mkdir -m 0700 "$1"; chown postgres: "$1"
            export PGPASSWORD="$4"
            setpriv --reuid=postgres --regid=postgres --clear-groups \
              "$2/pg_basebackup" -D "$1/data" -R -X stream -c fast -h 127.0.0.1 -p "$3" -U veza
            printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '%s'\n" "$5" "$1" \
              >> "$1/data/postgresql.auto.conf"
            """;
        if (_standby is not null)
            await _standby.KillAsync();
        var bin = Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Max()!;
        var to = new NpgsqlConnectionStringBuilder(_primary.ConnectionString);
        string[] arguments = [Folder, bin, $"{_primary.Port}", to.Password!, $"{StandbyPort}"];
        (await Shell.RunAsync("sh", ["-ec", Copy, "sh", .. arguments], new Dictionary<string, string>())).Succeeded();
        _standby = new(
            "standby",
            _folder,
            [
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                Path.Combine(bin, "postgres"),
                "-D",
                Path.Combine(Folder, "data"),
            ]
        );
        await _standby.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_standby is not null)
            await _standby.KillAsync();
        await _primary.DisposeAsync();
    }

    /// <summary>Short, and open to the server's user.</summary>
    private string Folder => _folder + "-standby";

    private async Task<NpgsqlConnection> OpenAsync(int port)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(_primary.ConnectionString)
            {
                Host = "127.0.0.1",
                Port = port,
                Pooling = false,
            }.ConnectionString
        );
        await connection.OpenAsync();
        return connection;
    }
}
