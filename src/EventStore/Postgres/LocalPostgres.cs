using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Database;

namespace Veza.EventStore.Postgres;

/// <summary>
/// A PostgreSQL of our own, beside the application: started, adopted when it still runs, recovered after a crash.
/// </summary>
/// <remarks>
/// The server outlives our process when that is killed, and is adopted by the next one; only <see cref="StopAsync"/>
/// stops it. An ephemeral one never does: a watchdog removes it as soon as its maker is gone, however that ended.
/// </remarks>
public sealed class LocalPostgres : IAsyncDisposable
{
    private const string User = "veza";
    private const string DatabaseName = "veza";

    // Below the ports the kernel gives to outgoing connections, so that none of these takes ours while we are stopped.
    private const int PortMin = 20_000,
        PortMax = 29_999;

    private readonly LocalPostgresOptions options;
    private readonly ILogger logger;
    private readonly ServerAccount account;
    private readonly PostgresFolders folders;
    private readonly PostgresInstallation installation;
    private readonly FileStream exclusive;
    private readonly string password;
    private readonly Process? watchdog;
    private readonly SemaphoreSlim starting = new(1);
    private ServerWatch? watch;

    private LocalPostgres(
        LocalPostgresOptions options,
        ILogger logger,
        ServerAccount account,
        PostgresFolders folders,
        FileStream exclusive,
        Process? watchdog
    )
    {
        this.options = options;
        this.logger = logger;
        this.account = account;
        this.folders = folders;
        this.exclusive = exclusive;
        this.watchdog = watchdog;
        installation = PostgresInstallation.Find(options.BinFolder, folders.Data);
        password = ReadOrMakePassword(folders.PasswordFile);
        Disk = new(folders.Server, TimeProvider.System);
        Reserve = new(folders.Reserve, Disk, this.logger);
    }

    /// <summary>Over the unix socket, which is faster than loopback and open to our user only.</summary>
    public string ConnectionString => Connection(DatabaseName).ConnectionString;

    public int Port { get; private set; }

    /// <summary>Changes at every restart; 0 while the server does not run.</summary>
    public int ProcessId => Postmaster.Running(folders.Data)?.ProcessId ?? 0;

    /// <summary>True when a server that an earlier process had left running was taken over.</summary>
    public bool Adopted { get; private set; }

    /// <summary>The one that the server's data and its write-ahead log are on.</summary>
    public DiskSpace Disk { get; }

    internal DiskReserve Reserve { get; }

    public string DataFolder => folders.Data;
    public string ServerLog => folders.ServerLog;

    /// <exception cref="LocalPostgresException">
    /// Not installed, the folder is in use, or the server does not start.
    /// </exception>
    public static async Task<LocalPostgres> StartAsync(
        LocalPostgresOptions options,
        ILogger? logger = null,
        CancellationToken ct = default
    )
    {
        var account = new ServerAccount();
        var postgres = await Create(options, logger, account, watchdog: null, ct);
        return await postgres.StartOrLetGo(ct);
    }

    /// <summary>How to reach the server that runs in a folder, whoever started it, to read beside them.</summary>
    /// <returns>Null when none runs.</returns>
    public static async Task<string?> FindRunningAsync(string folder, CancellationToken ct)
    {
        if (!Directory.Exists(folder))
            return null;
        var folders = await PostgresFolders.Prepare(folder, new ServerAccount(), ct);
        if (Postmaster.Running(folders.Data) is not { } running || !File.Exists(folders.PasswordFile))
            return null;
        var password = (await File.ReadAllTextAsync(folders.PasswordFile, ct)).Trim();
        return new NpgsqlConnectionStringBuilder
        {
            Host = folders.Socket,
            Port = running.Port,
            Username = User,
            Password = password,
            Database = DatabaseName,
        }.ConnectionString;
    }

    /// <summary>A server for tests: in a temporary folder, gone with its maker.</summary>
    /// <param name="loopback">
    /// Reachable over loopback too, at <see cref="Port"/>; otherwise over its socket only.
    /// </param>
    public static async Task<LocalPostgres> StartEphemeralAsync(
        bool fsync = true,
        ILogger? logger = null,
        CancellationToken ct = default,
        bool loopback = false
    )
    {
        var account = new ServerAccount();
        // Not TMPDIR: the path must be short, for the socket's sake, and open to the server's user, whose watchdog
        // removes it.
        var folder = $"/tmp/veza-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        account.MakeFolder(folder);
        var installation = PostgresInstallation.Find(null, folder);
        // Our death closes the pipe the watchdog reads, whatever kills us: neither polling nor signals are needed.
        var watchdog = account.StartDetached(
            """trap "" INT TERM HUP; cat > /dev/null; "$2" stop -D "$1/postgres/data" -m immediate > /dev/null 2>&1; rm -rf "$1" """,
            [folder, installation.Program("pg_ctl")]
        );
        var options = new LocalPostgresOptions(folder) { Loopback = loopback, Fsync = fsync };
        var postgres = await Create(options, logger, account, watchdog, ct);
        return await postgres.StartOrLetGo(ct);
    }

    /// <summary>The watch over it; null when nobody watches.</summary>
    public ServerWatch? Watched => watch;

    /// <summary>Starts the server again whenever it ends by itself, until <see cref="StopAsync"/>.</summary>
    public ServerWatch Watch(TimeProvider clock, ILogger watchLogger) => watch ??= new(this, clock, watchLogger);

    /// <summary>Stops the server, or removes it if it is an ephemeral one, and gives the folder free.</summary>
    public async Task StopAsync(CancellationToken ct = default)
    {
        if (watch is not null)
            await watch.DisposeAsync();
        NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
        if (watchdog is not null)
        {
            watchdog.StandardInput.Close();
            await watchdog.WaitForExitAsync(ct);
            watchdog.Dispose();
        }
        else if (Postmaster.Running(folders.Data) is not null)
        {
            await StopServer(ct);
            logger.LogInformation("PostgreSQL is stopped; its data stay in {Folder}", folders.Data);
        }
        if (!folders.Socket.StartsWith(folders.Server, StringComparison.Ordinal) && Directory.Exists(folders.Socket))
            Directory.Delete(folders.Socket, recursive: true);
        await exclusive.DisposeAsync();
    }

    /// <summary>
    /// Ends the server hard, for trying what then happens. KILL loses what a power cut would lose of its memory.
    /// </summary>
    public async Task KillAsync(string signal = "KILL", CancellationToken ct = default)
    {
        if (Postmaster.Running(folders.Data) is not { } running)
            return;
        Postmaster.Signal(running.ProcessId, signal);
        if (!await running.Ended(folders.Data, options.StopTimeout, ct))
            throw new LocalPostgresException(
                $"PostgreSQL (process {running.ProcessId}) has not ended {options.StopTimeout.TotalSeconds} s after SIG{signal}."
            );
    }

    /// <summary>Starts the server again on the same data, port and socket; stops it before if it runs.</summary>
    public async Task RestartAsync(CancellationToken ct = default)
    {
        await starting.WaitAsync(ct);
        try
        {
            if (Postmaster.Running(folders.Data) is not null)
                await StopServer(ct);
            await Start(ct);
        }
        finally
        {
            starting.Release();
        }
    }

    /// <summary>Starts a server that has ended, or finds that somebody else has started it.</summary>
    /// <exception cref="LocalPostgresException">It does not start.</exception>
    internal async Task StartAgainAsync()
    {
        await starting.WaitAsync();
        try
        {
            await Start(CancellationToken.None);
        }
        finally
        {
            starting.Release();
        }
    }

    /// <summary>Ends a start that is under way, and the server with it.</summary>
    internal async Task EndStartAsync()
    {
        // It may end by itself in between.
        try
        {
            if (Postmaster.Running(folders.Data) is not null)
                await StopServer(CancellationToken.None);
        }
        catch (LocalPostgresException e) when (Postmaster.Running(folders.Data) is null)
        {
            logger.LogDebug(e, "PostgreSQL has ended by itself");
        }
    }

    /// <summary>Whether the server was stopped in order, as only somebody who asks for it brings about.</summary>
    /// <remarks>
    /// A server that is killed leaves its file, and one whose recovery fails leaves its data in recovery.
    /// </remarks>
    internal async Task<bool> WasStoppedInOrderAsync()
    {
        if (Postmaster.HasFile(folders.Data))
            return false;
        string[] arguments = [installation.Program("pg_controldata"), folders.Data];
        var (_, output) = await account.TryRun("""exec "$1" -D "$2" """, arguments, null, CancellationToken.None);
        var state = output
            .Split('\n')
            .FirstOrDefault(line => line.StartsWith("Database cluster state:", StringComparison.Ordinal));
        return state is not null && state.EndsWith(" shut down", StringComparison.Ordinal);
    }

    /// <summary>Leaves the server running and gives the folder free, as if our process had been killed.</summary>
    internal void LetGo() => exclusive.Dispose();

    public ValueTask DisposeAsync() => new(StopAsync());

    private static async Task<LocalPostgres> Create(
        LocalPostgresOptions options,
        ILogger? logger,
        ServerAccount account,
        Process? watchdog,
        CancellationToken ct
    )
    {
        var folders = await PostgresFolders.Prepare(options.Folder, account, ct);
        var exclusive = TakeLock(folders.LockFile);
        try
        {
            return new LocalPostgres(options, logger ?? NullLogger.Instance, account, folders, exclusive, watchdog);
        }
        catch
        {
            await exclusive.DisposeAsync();
            throw;
        }
    }

    private async Task<LocalPostgres> StartOrLetGo(CancellationToken ct)
    {
        try
        {
            await Start(ct);
        }
        catch
        {
            watchdog?.StandardInput.Close();
            await exclusive.DisposeAsync();
            throw;
        }
        return this;
    }

    private async Task Start(CancellationToken ct)
    {
        if (Postmaster.Running(folders.Data) is { } running)
        {
            (Port, Adopted) = (running.Port, true);
            logger.LogInformation("PostgreSQL still runs as process {ProcessId} and is adopted", running.ProcessId);
        }
        else
        {
            // Recovery writes before it can free anything.
            if (Disk.Look().IsFull)
                Reserve.Free();
            await MakeData(ct);
            await Postmaster.ClearLeftovers(folders.Data, folders.Socket, ct);
            // Those who are connected know the socket by the port's number, so that a restart keeps it.
            var restarts = Port != 0;
            if (!restarts)
                Port = ChoosePort();
            await WriteConf(options.Loopback && (!restarts || IsFree(Port)), ct);
            // A server that refuses says why in its log only.
            await account.Run(
                """
                "$1" start --silent --wait --timeout="$2" -D "$3" -l "$4" || { echo "$4:"; tail -n 8 "$4"; exit 1; }
                """,
                [installation.Program("pg_ctl"), Seconds(options.StartTimeout), folders.Data, folders.ServerLog],
                ct
            );
            logger.LogInformation(
                "PostgreSQL {Major} runs with its data in {Folder}",
                installation.Major,
                folders.Data
            );
        }
        await MakeDatabase(ct);
    }

    private async Task MakeData(CancellationToken ct)
    {
        if (Directory.Exists(folders.Data))
            return;
        // Made beside and then renamed: a folder called `data` is always a complete one, even if we are killed here.
        await account.Run(
            """
            umask 077; rm -rf "$1.new"; cat > "$1.password" &&
            "$2" -D "$1.new" -U "$3" --pwfile="$1.password" --auth=scram-sha-256 --encoding=UTF8 --locale=C --data-checksums --wal-segsize=1 > "$1.initdb.log" 2>&1 ||
            { cat "$1.initdb.log"; rm -f "$1.password"; exit 1; }
            rm -f "$1.password" "$1.initdb.log"; echo "include = 'veza.conf'" >> "$1.new/postgresql.conf"; mv "$1.new" "$1"
            """,
            [folders.Data, installation.Program("initdb"), User],
            ct,
            input: password + "\n"
        );
    }

    private async Task WriteConf(bool loopback, CancellationToken ct)
    {
        if (options.Loopback && !loopback)
            logger.LogWarning("Port {Port} is taken by another program; PostgreSQL listens on its socket only", Port);
        var memoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var listening = options with { Loopback = loopback };
        var text = PostgresConf.Text(listening, installation, Port, folders.Socket, memoryBytes, Disk.State.TotalBytes);
        // Beside and then renamed: on a full disk the former file stays whole.
        await account.Run(
            """umask 077; cat > "$1/veza.conf.new" && mv "$1/veza.conf.new" "$1/veza.conf" """,
            [folders.Data],
            ct,
            input: text
        );
    }

    /// <summary>
    /// Waits until the server takes connections, which after a crash is when recovery is done, and makes our database.
    /// </summary>
    private async Task MakeDatabase(CancellationToken ct)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, ct))
        {
            try
            {
                await using var database = DataSources.ForOnce(Connection("postgres").ConnectionString);
                await using var connection = await database.OpenConnectionAsync(ct);
                await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection)
                {
                    Parameters = { new() { Value = DatabaseName } },
                };
                if (await exists.ExecuteScalarAsync(ct) is not null)
                    return;
                await using var create = new NpgsqlCommand($"CREATE DATABASE {DatabaseName}", connection);
                await create.ExecuteNonQueryAsync(ct);
                return;
            }
            catch (NpgsqlException e) when (e.IsTransient || e.InnerException is SocketException)
            {
                if (waited.Elapsed > options.StartTimeout || Postmaster.Running(folders.Data) is null)
                    throw new LocalPostgresException($"PostgreSQL does not answer; see {folders.ServerLog}", e);
            }
        }
    }

    private Task StopServer(CancellationToken ct) =>
        account.Run(
            """exec "$1" stop --silent --wait --mode=fast --timeout="$2" -D "$3" """,
            [installation.Program("pg_ctl"), Seconds(options.StopTimeout), folders.Data],
            ct
        );

    private int ChoosePort()
    {
        // Without loopback the number only names the socket, whose folder is nobody else's.
        if (!options.Loopback)
            return options.Port != 0 ? options.Port : 5432;
        if (options.Port != 0)
            return IsFree(options.Port)
                ? options.Port
                : throw new LocalPostgresException(
                    $"Port {options.Port} for the private PostgreSQL is taken by another program."
                );

        var remembered =
            File.Exists(folders.PortFile)
            && int.TryParse(File.ReadAllText(folders.PortFile), CultureInfo.InvariantCulture, out var port)
                ? port
                : 0;
        if (remembered != 0 && IsFree(remembered))
            return remembered;

        // Begun at a place of this folder's own, so that several checkouts rarely try the same port.
        var first = BitConverter.ToUInt16(SHA256.HashData(Encoding.UTF8.GetBytes(folders.Home))) % (PortMax - PortMin);
        var chosen = Enumerable
            .Range(0, 200)
            .Select(i => PortMin + (first + i) % (PortMax - PortMin))
            .FirstOrDefault(IsFree);
        if (chosen == 0)
            throw new LocalPostgresException(
                $"No free port between {PortMin} and {PortMax} for the private PostgreSQL."
            );
        if (remembered != 0)
            logger.LogWarning(
                "Port {Remembered} is taken by another program; the private PostgreSQL moves to port {Port}",
                remembered,
                chosen
            );
        File.WriteAllText(folders.PortFile, chosen.ToString(CultureInfo.InvariantCulture));
        return chosen;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static FileStream TakeLock(string path)
    {
        // The kernel lets go of this lock when we end, however we end; the file itself stays and means nothing.
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new LocalPostgresException(
                $"Another Veza already runs in {Path.GetDirectoryName(path)}. Stop it, or set VEZA_HOME to another folder.",
                e
            );
        }
    }

    private static string ReadOrMakePassword(string path)
    {
        if (File.Exists(path))
            return File.ReadAllText(path).Trim();
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        using var file = new StreamWriter(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }
        );
        file.Write(password);
        return password;
    }

    private NpgsqlConnectionStringBuilder Connection(string database) =>
        new()
        {
            Host = folders.Socket,
            Port = Port,
            Username = User,
            Password = password,
            Database = database,
        };

    private static string Seconds(TimeSpan span) => ((int)span.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}
