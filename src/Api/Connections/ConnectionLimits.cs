using Veza.Api.Configuration;

namespace Veza.Api.Connections;

/// <summary>Divides the files that a process may open, so that clients never take the last one.</summary>
/// <param name="OpenFiles">RLIMIT_NOFILE.</param>
/// <param name="Connections">Connections at PORT, of all clients together.</param>
/// <param name="PerNetwork">Maximum of these for one network.</param>
/// <param name="Live">Maximum of these that are live.</param>
/// <param name="LiveIsGiven">MAX_CONNECTIONS is set; otherwise <paramref name="Live"/> is the number that fits.</param>
public sealed record ConnectionLimits(int OpenFiles, int Connections, int PerNetwork, int Live, bool LiveIsGiven)
{
    /// <summary>
    /// The runtime keeps each of some 380 assemblies open; the rest is for assemblies loaded later, logs, listening
    /// sockets and the pipes of ffmpeg.
    /// </summary>
    public const int ProcessFiles = 600;

    /// <summary>
    /// Connections at PROMETHEUS_PORT: some Prometheus servers and probes. They are counted separately.
    /// </summary>
    public const int MetricsConnections = 32;

    /// <summary>One network's share of PROMETHEUS_PORT: half, so that no single network shuts out the others.</summary>
    public const int MetricsConnectionsPerNetwork = MetricsConnections / 2;

    /// <summary>
    /// Files that requests read or write besides their connection; further ones take connections' places.
    /// </summary>
    public const int RequestFiles = 64;

    /// <summary>A node with fewer connections is useless.</summary>
    public const int ConnectionsMin = 64;

    /// <summary>Live connections of a process unless MAX_CONNECTIONS is set, if they fit.</summary>
    public const int LiveDefaultMax = 100_000;

    /// <summary>Plain requests need places beside live connections, which stay for hours.</summary>
    private const int PlainMin = 32,
        PlainMax = 192,
        PlainPart = 16;

    /// <summary>At least four networks are needed to take every place.</summary>
    private const int NetworkPart = 4;

    /// <exception cref="InvalidSettingsException">The limit of open files is too low for the settings.</exception>
    public static ConnectionLimits For(VezaSettings settings, int openFiles)
    {
        var kept = ProcessFiles + settings.DatabasePoolSize + MetricsConnections + RequestFiles;
        var connections = openFiles - kept;
        if (connections < ConnectionsMin)
            throw new InvalidSettingsException([
                $"this process may open {openFiles} files (ulimit -n), of which {kept} are kept for PostgreSQL "
                    + $"(DATABASE_POOL_SIZE is {settings.DatabasePoolSize}), files and probes; "
                    + $"at least {kept + ConnectionsMin} are needed",
            ]);
        var plain = Math.Clamp(connections / PlainPart, PlainMin, PlainMax);
        var fits = connections - plain;
        if (settings.ConnectionsMax > fits)
            throw new InvalidSettingsException([
                $"MAX_CONNECTIONS={settings.ConnectionsMax} does not fit: this process may open {openFiles} files "
                    + $"(ulimit -n), of which {kept + plain} are kept for other things; allowed is at most {fits}, "
                    + $"or a limit of at least {settings.ConnectionsMax + (long)kept + PlainMax}",
            ]);
        return new(
            openFiles,
            connections,
            Math.Min(connections, settings.ConnectionsPerNetworkMax ?? Math.Max(1, connections / NetworkPart)),
            settings.ConnectionsMax ?? Math.Min(LiveDefaultMax, fits),
            settings.ConnectionsMax is not null
        );
    }
}
