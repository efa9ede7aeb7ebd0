namespace Veza.EventStore.Postgres;

/// <summary>The options of a private PostgreSQL.</summary>
/// <param name="Folder">
/// Veza's folder (<c>.veza</c>) for the data, the password, the remembered port and the lock.
/// </param>
/// <param name="Port">The loopback port; 0 uses the remembered port, or chooses a free one and remembers it.</param>
public sealed record LocalPostgresOptions(string Folder, int Port = 0)
{
    /// <summary>
    /// Whether the server listens on loopback. Without it, it uses its unix socket only and needs no port.
    /// </summary>
    public bool Loopback { get; init; } = true;

    /// <summary>
    /// Off only where losing acknowledged commits is harmless. The log's first promise depends on it.
    /// </summary>
    public bool Fsync { get; init; } = true;

    public int ConnectionsMax { get; init; } = 200;

    /// <summary>
    /// The folder of <c>initdb</c> and <c>pg_ctl</c>. Null finds the version that created the data, or else the newest.
    /// </summary>
    public string? BinFolder { get; init; }

    /// <summary>The limit of a start, including crash recovery of up to <c>max_wal_size</c>.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The limit of a fast stop, including its checkpoint.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>The private PostgreSQL cannot start. The message says what to do.</summary>
public sealed class LocalPostgresException(string message, Exception? inner = null) : Exception(message, inner);
