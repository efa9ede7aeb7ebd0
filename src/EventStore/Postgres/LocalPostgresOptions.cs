namespace Veza.EventStore.Postgres;

/// <summary>Where and how a private PostgreSQL runs.</summary>
/// <param name="Folder">
/// Veza's own folder (`.veza`): holds the data, the password, the remembered port and the lock.
/// </param>
/// <param name="Port">Loopback port; 0 takes the remembered one or chooses a free one and remembers it.</param>
public sealed record LocalPostgresOptions(string Folder, int Port = 0)
{
    /// <summary>
    /// False: reachable over the unix socket only, so that no two servers can ever want the same port.
    /// </summary>
    public bool Loopback { get; init; } = true;

    /// <summary>
    /// Off only where losing every acknowledged commit is harmless; the log's first promise rests on it.
    /// </summary>
    public bool Fsync { get; init; } = true;

    public int ConnectionsMax { get; init; } = 200;

    /// <summary>
    /// Folder of `initdb` and `pg_ctl`; null finds the newest installed, or the one that made the data.
    /// </summary>
    public string? BinFolder { get; init; }

    /// <summary>How long a start may take, crash recovery of up to `max_wal_size` included.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a fast stop may take, its checkpoint included.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The private PostgreSQL cannot be started; the message says what to do.</summary>
public sealed class LocalPostgresException(string message, Exception? inner = null) : Exception(message, inner);
