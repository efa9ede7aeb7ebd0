using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Database;

namespace Veza.EventStore.Postgres;

/// <summary>
/// A private PostgreSQL server beside the application. It is started, adopted when it still runs, and recovered after a
/// crash.
/// </summary>
/// <remarks>
/// The server outlives this process when that is killed, and the next process adopts it; only <see cref="StopAsync"/>
/// stops it. An ephemeral server does not outlive its process: a watchdog removes it when the process ends in any way.
/// </remarks>
public sealed class LocalPostgres : IAsyncDisposable
{
    private const string User = "veza";
    private const string DatabaseName = "veza";

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
        password = folders.ReadOrMakePassword();
        Disk = new(folders.Server, TimeProvider.System);
        Reserve = new(folders.Reserve, Disk, this.logger);
    }

    /// <summary>Uses the unix socket, which is faster than loopback and open to one user only.</summary>
    public string ConnectionString => Connection(DatabaseName).ConnectionString;

    public int Port { get; private set; }

    /// <summary>Changes at every restart; 0 while the server does not run.</summary>
    public int ProcessId => Postmaster.Running(folders.Data)?.ProcessId ?? 0;

    /// <summary>Whether an earlier process had left the server running.</summary>
    public bool Adopted { get; private set; }

    /// <summary>The disk of the server's data and its write-ahead log.</summary>
    public DiskSpace Disk { get; }

    internal DiskReserve Reserve { get; }

    public string DataFolder => folders.Data;
    public string ServerLog => folders.ServerLog;

    /// <exception cref="LocalPostgresException">
    /// PostgreSQL is not installed, the folder is in use, or the server does not start.
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

    /// <summary>Finds the server that another process runs in a folder.</summary>
    /// <returns>Its connection string; null when none runs.</returns>
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

    /// <summary>Starts a server for tests, in a temporary folder. It ends with this process.</summary>
    /// <param name="loopback">
    /// Whether it listens on loopback too, at <see cref="Port"/>; otherwise on its socket only.
    /// </param>
    public static async Task<LocalPostgres> StartEphemeralAsync(
        bool fsync = true,
        ILogger? logger = null,
        CancellationToken ct = default,
        bool loopback = false
    )
    {
        var account = new ServerAccount();
        // Not TMPDIR: the path must be short for the socket, and open to the server's user, whose watchdog removes it.
        var folder = $"/tmp/veza-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";
        account.MakeFolder(folder);
        var installation = PostgresInstallation.Find(null, folder);
        // The kernel closes the watchdog's pipe when this process ends in any way. So it needs no polling or signals.
        var watchdog = account.StartDetached(
            """
            trap "" INT TERM HUP; cat > /dev/null
            "$2" stop -D "$1/postgres/data" -m immediate > /dev/null 2>&1; rm -rf "$1"
            """,
            [folder, installation.Program("pg_ctl")]
        );
        var options = new LocalPostgresOptions(folder) { Loopback = loopback, Fsync = fsync };
        var postgres = await Create(options, logger, account, watchdog, ct);
        return await postgres.StartOrLetGo(ct);
    }

    /// <summary>The watch over the server; null before <see cref="Watch"/>.</summary>
    public ServerWatch? Watched => watch;

    /// <summary>Restarts the server whenever it ends by itself, until <see cref="StopAsync"/>.</summary>
    public ServerWatch Watch(TimeProvider clock, ILogger watchLogger) => watch ??= new(this, clock, watchLogger);

    /// <summary>Stops the server, removes an ephemeral one, and unlocks the folder.</summary>
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
            logger.LogInformation("PostgreSQL is stopped; its data stays in {Folder}", folders.Data);
        }
        if (!folders.Socket.StartsWith(folders.Server, StringComparison.Ordinal) && Directory.Exists(folders.Socket))
            Directory.Delete(folders.Socket, recursive: true);
        await exclusive.DisposeAsync();
    }

    /// <summary>
    /// Kills the server, for tests and trials. KILL loses as much of its memory as a power cut would.
    /// </summary>
    public async Task KillAsync(string signal = "KILL", CancellationToken ct = default)
    {
        if (Postmaster.Running(folders.Data) is not { } running)
            return;
        Postmaster.Signal(running.ProcessId, signal);
        if (!await running.Ended(folders.Data, options.StopTimeout, ct))
            throw new LocalPostgresException(
                $"PostgreSQL (process {running.ProcessId}) has not ended "
                    + $"{options.StopTimeout.TotalSeconds} s after SIG{signal}."
            );
    }

    /// <summary>Restarts the server with the same data, port and socket.</summary>
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

    /// <summary>Starts a server that has ended, unless another process has started it.</summary>
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

    /// <summary>Aborts a running start, and stops the server.</summary>
    internal async Task EndStartAsync()
    {
        // The server may end by itself meanwhile.
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

    /// <summary>Whether the server was shut down cleanly, which happens only on request.</summary>
    /// <remarks>
    /// A killed server leaves its pid file, and one whose recovery fails leaves its data in recovery.
    /// </remarks>
    internal async Task<bool> WasStoppedInOrderAsync()
    {
        if (Postmaster.HasFile(folders.Data))
            return false;
        return await installation.WasShutDownAsync(account, folders.Data);
    }

    /// <summary>Unlocks the folder and leaves the server running, as if this process had been killed.</summary>
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
        var exclusive = folders.TakeLock();
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
            // Recovery writes before it can free any space.
            if (Disk.Look().IsFull)
                Reserve.Free();
            await MakeData(ct);
            await Postmaster.ClearLeftovers(folders.Data, folders.Socket, ct);
            // Connected clients find the socket by the port's number, so a restart keeps it.
            var restarts = Port != 0;
            if (!restarts)
                Port = LoopbackPort.Choose(options, folders, logger);
            await WriteConf(options.Loopback && (!restarts || LoopbackPort.IsFree(Port)), ct);
            // A server that does not start writes the reason only to its log.
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
        // Created under another name and then renamed, so that `data` is complete even if this process is killed here.
        await account.Run(
            """
            umask 077; rm -rf "$1.new"; cat > "$1.password" &&
            "$2" -D "$1.new" -U "$3" --pwfile="$1.password" --auth=scram-sha-256 --encoding=UTF8 --locale=C \
                --data-checksums --wal-segsize=1 > "$1.initdb.log" 2>&1 ||
            { cat "$1.initdb.log"; rm -f "$1.password"; exit 1; }
            rm -f "$1.password" "$1.initdb.log"
            echo "include = 'veza.conf'" >> "$1.new/postgresql.conf"; mv "$1.new" "$1"
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
        // Written under another name and then renamed, so that the former file survives a full disk.
        await account.Run(
            """umask 077; cat > "$1/veza.conf.new" && mv "$1/veza.conf.new" "$1/veza.conf" """,
            [folders.Data],
            ct,
            input: text
        );
    }

    /// <summary>
    /// Waits until the server accepts connections, which it does after crash recovery, and creates the database.
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
