using System.Globalization;

namespace Veza.EventStore.Postgres;

/// <summary>The settings of the private server: a durable, fast log on a small machine.</summary>
internal static class PostgresConf
{
    private const long SharedBuffersBytesMin = 64L << 20;
    private const long SharedBuffersBytesMax = 2L << 30;

    private const long WalBytesMax = 4L << 30;

    /// <summary>
    /// PostgreSQL takes no less than two segments, of 1 MiB here; this many give a checkpoint some time.
    /// </summary>
    private const long WalBytesMin = 32L << 20;

    /// <summary>Of a small disk the write-ahead log may take this part.</summary>
    private const int WalPart = 8;

    /// <param name="memoryBytes">Memory of the machine, or of the container we are in.</param>
    /// <param name="diskBytes">Of the whole file system that the data are on; 0 when it is not known.</param>
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

            # Group commit happens in the application, so that waiting for company here would only add delay.
            commit_delay = 0

            # An eighth of the memory: the application, with its ring and caches, and the page cache need the rest.
            shared_buffers = {sharedBuffersMb}MB

            # A larger distance between checkpoints writes fewer full pages; 4 GB are replayed within the 10 s of recovery allowed.
            # On a small disk it is less, so that the log leaves room for the data.
            max_wal_size = {walMb}MB
            # A WAL file that is not there yet is zeroed by whichever commit needs it, some 20 ms for all who wait; used ones are kept for reuse.
            min_wal_size = {walMb / 4}MB
            checkpoint_timeout = 15min
            checkpoint_completion_target = 0.9
            wal_compression = {(installation.HasLz4 ? "lz4" : "on")}
            wal_buffers = 16MB

            # Replicas and point-in-time recovery need this level; it costs an insert-only log next to nothing.
            wal_level = replica

            # Pools of the host, the demo, tests and analysts together.
            max_connections = {options.ConnectionsMax}

            # Compiling costs more than it saves for statements of a few milliseconds, and it makes their time erratic.
            jit = off
            random_page_cost = 1.1
            effective_io_concurrency = 64

            # An append-only table gathers no dead rows, so that its inserts must trigger the vacuum that keeps index-only scans
            # possible; hot rows of projections and checkpoints are vacuumed early, before they bloat.
            autovacuum = on
            autovacuum_naptime = 15s
            autovacuum_vacuum_scale_factor = 0.05
            autovacuum_vacuum_insert_scale_factor = 0.1
            autovacuum_analyze_scale_factor = 0.05
            autovacuum_vacuum_cost_limit = 1000

            # A caller that hangs must not hold the append lock or an old snapshot for ever.
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
