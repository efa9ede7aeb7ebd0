using System.Globalization;

namespace Veza.EventStore.Postgres;

/// <summary>The settings of the private server, for a durable and fast log on a small machine.</summary>
internal static class PostgresConf
{
    private const long SharedBuffersBytesMin = 64L << 20;
    private const long SharedBuffersBytesMax = 2L << 30;

    private const long WalBytesMax = 4L << 30;

    /// <summary>
    /// PostgreSQL needs two segments, of 1 MiB here. This many give a checkpoint some time.
    /// </summary>
    private const long WalBytesMin = 32L << 20;

    /// <summary>The write-ahead log may take one of so many parts of a small disk.</summary>
    private const int WalPart = 8;

    /// <param name="memoryBytes">The memory of the machine or the container.</param>
    /// <param name="diskBytes">The size of the data's file system; 0 when it is not known.</param>
    public static string Text(
        LocalPostgresOptions options,
        PostgresInstallation installation,
        int port,
        string socketFolder,
        long memoryBytes,
        long diskBytes
    )
    {
        var sharedBuffersMb = Math.Clamp(memoryBytes / 8, SharedBuffersBytesMin, SharedBuffersBytesMax) >> 20;
        var walMb = Math.Clamp(diskBytes / WalPart, WalBytesMin, WalBytesMax) >> 20;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # Written by Veza at every start; changes here are lost.

            port = {port}
            listen_addresses = '{(options.Loopback ? "127.0.0.1" : "")}'
            unix_socket_directories = '{socketFolder.Replace("'", "''")}'
            unix_socket_permissions = 0700
            password_encryption = scram-sha-256

            # "Acknowledged means durable" is the log's first promise.
            fsync = {(options.Fsync ? "on" : "off")}
            synchronous_commit = {(options.Fsync ? "on" : "off")}
            full_page_writes = {(options.Fsync ? "on" : "off")}

            # Group commit happens in the application, so waiting for other commits here would only add delay.
            commit_delay = 0

            # An eighth of the memory. The application, with its ring and caches, and the page cache need the rest.
            shared_buffers = {sharedBuffersMb}MB

            # A larger distance between checkpoints writes fewer full pages. 4 GB are replayed within the 10 s that
            # recovery may take. On a small disk it is less, so that the log leaves space for the data.
            max_wal_size = {walMb}MB
            # A commit that needs a new WAL file zeroes it, which takes all waiting commits some 20 ms. So used files
            # are kept for reuse.
            min_wal_size = {walMb / 4}MB
            checkpoint_timeout = 15min
            checkpoint_completion_target = 0.9
            wal_compression = {(installation.HasLz4 ? "lz4" : "on")}
            wal_buffers = 16MB

            # Replicas and point-in-time recovery need this level, which costs an insert-only log next to nothing.
            wal_level = replica

            # For the pools of the host, the demo, tests and analysts together.
            max_connections = {options.ConnectionsMax}

            # Compiling statements of a few milliseconds costs more than it saves, and makes their time erratic.
            jit = off
            random_page_cost = 1.1
            effective_io_concurrency = 64

            # An append-only table has no dead rows, so its inserts must trigger the vacuum that keeps index-only scans
            # possible. Hot rows of projections and checkpoints are vacuumed early, before they bloat.
            autovacuum = on
            autovacuum_naptime = 15s
            autovacuum_vacuum_scale_factor = 0.05
            autovacuum_vacuum_insert_scale_factor = 0.1
            autovacuum_analyze_scale_factor = 0.05
            autovacuum_vacuum_cost_limit = 1000

            # A client that hangs must not hold the append lock or an old snapshot for ever.
            idle_in_transaction_session_timeout = 5min
            tcp_keepalives_idle = 60

            log_timezone = 'UTC'
            timezone = 'UTC'
            log_line_prefix = '%m [%p] '
            log_checkpoints = off
            log_min_duration_statement = 5s
            log_lock_waits = on

            """
        );
    }
}
