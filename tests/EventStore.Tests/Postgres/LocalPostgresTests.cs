using System.Globalization;
using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.EventStore.Tests.Postgres;

public sealed class LocalPostgresTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("veza-local-postgres-").FullName;

    [Fact]
    public async Task A_restart_keeps_data_port_and_password()
    {
        int port;
        string connectionString;
        await using (var first = await Start())
        {
            (port, connectionString) = (first.Port, first.ConnectionString);
            await Execute(first, "CREATE TABLE kept(n int); INSERT INTO kept VALUES (42)");
        }

        await using var second = await Start();

        Assert.False(second.Adopted);
        Assert.Equal(port, second.Port);
        Assert.Equal(connectionString, second.ConnectionString);
        Assert.Equal("42", await Ask(second, "SELECT n FROM kept"));
    }

    [Fact]
    public async Task Commits_survive_a_kill_of_the_server()
    {
        await using var postgres = await Start();
        await Execute(postgres, "CREATE TABLE kept(n int); INSERT INTO kept SELECT generate_series(1, 10000)");
        var killed = postgres.ProcessId;

        await postgres.KillAsync();
        await postgres.RestartAsync();

        Assert.NotEqual(killed, postgres.ProcessId);
        NpgsqlConnection.ClearAllPools();
        Assert.Equal("10000", await Ask(postgres, "SELECT count(*) FROM kept"));
    }

    [Fact]
    public async Task A_pid_file_that_names_a_stranger_does_not_stop_the_start()
    {
        string data;
        await using (var first = await Start())
        {
            data = first.DataFolder;
            await first.KillAsync();
        }
        var file = Path.Combine(data, "postmaster.pid");
        var lines = await File.ReadAllLinesAsync(file);
        lines[0] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(file, lines);

        await using var second = await Start();

        Assert.NotEqual(Environment.ProcessId, second.ProcessId);
        Assert.Equal("1", await Ask(second, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_that_outlived_its_maker_is_adopted()
    {
        var made = await Start();
        var processId = made.ProcessId;
        made.LetGo();

        await using var adopter = await Start();

        Assert.True(adopter.Adopted);
        Assert.Equal((processId, made.Port), (adopter.ProcessId, adopter.Port));
        Assert.Equal("1", await Ask(adopter, "SELECT 1"));
    }

    [Fact]
    public async Task A_second_one_in_the_same_folder_is_refused()
    {
        await using var first = await Start();

        var refused = await Assert.ThrowsAsync<LocalPostgresException>(Start);

        Assert.Contains("Another Veza already runs in", refused.Message);
        Assert.Equal("1", await Ask(first, "SELECT 1"));
    }

    [Fact]
    public async Task Commits_are_durable_and_pages_have_checksums()
    {
        await using var postgres = await Start();

        foreach (
            var (setting, value) in new[]
            {
                ("fsync", "on"),
                ("synchronous_commit", "on"),
                ("data_checksums", "on"),
                ("server_encoding", "UTF8"),
                ("lc_collate", "C"),
            }
        )
            Assert.Equal((setting, value), (setting, await Ask(postgres, $"SELECT current_setting('{setting}')")));
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var postgres = await Start();
        var wrong = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
        {
            Host = "127.0.0.1",
            Password = "wrong",
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());

        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task A_folder_too_deep_for_a_socket_gets_it_elsewhere()
    {
        var deep = Path.Combine(folder, new string('d', 60), new string('e', 60));
        Open(folder);

        await using var postgres = await LocalPostgres.StartAsync(new(deep));

        Assert.Equal("1", await Ask(postgres, "SELECT 1"));
        Assert.StartsWith(deep, postgres.DataFolder);
    }

    [Fact]
    public async Task A_folder_closed_to_the_servers_user_gets_its_data_elsewhere()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root runs the server as another user.");
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var home = Path.Combine(folder, "home");

        await using var postgres = await LocalPostgres.StartAsync(new(home));

        Assert.Equal("1", await Ask(postgres, "SELECT 1"));
        Assert.StartsWith("/var/lib/veza/", postgres.DataFolder);
        Assert.Contains(
            Path.GetDirectoryName(postgres.DataFolder)!,
            await File.ReadAllTextAsync(Path.Combine(home, "postgres.location"))
        );
        await postgres.StopAsync();
        Directory.Delete(Path.GetDirectoryName(postgres.DataFolder)!, recursive: true);
    }

    private Task<LocalPostgres> Start()
    {
        Open(folder);
        return LocalPostgres.StartAsync(new(Path.Combine(folder, "home")));
    }

    // Temporary folders are 0700, and the server runs as another user when the tests run as root.
    private static void Open(string folder) =>
        File.SetUnixFileMode(
            folder,
            File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute
        );

    internal static async Task Execute(LocalPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    internal static async Task<string?> Ask(LocalPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
