using System.Net.Sockets;
using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>Tells a database that is away for a while from one that says no.</summary>
public static class DatabaseFaults
{
    /// <summary>
    /// Whether trying again later may help: the connection broke or was not made, or the server stops, starts, or lacks
    /// something.
    /// </summary>
    /// <remarks>
    /// SQLSTATE 08 is the connection, 40 a transaction to be tried again, 53 a lack of space, memory or connections,
    /// 57P0x a server that stops or starts, 57014 a statement cut off by its time limit, 25006 a standby that was not
    /// promoted yet, 58 the server's own disk.
    /// </remarks>
    public static bool IsUnavailable(Exception fault) =>
        fault switch
        {
            PostgresException { SqlState: var state } => state
                is ['0', '8', ..]
                    or ['4', '0', ..]
                    or ['5', '3', ..]
                    or ['5', '7', 'P', '0', ..]
                    or "57014"
                    or "25006"
                    or ['5', '8', ..],
            NpgsqlException or IOException or TimeoutException or SocketException => true,
            _ => false,
        };

    /// <summary>Whether the server has no room on its disk for what was sent; it stored nothing of it.</summary>
    public static bool IsDiskFull(Exception fault) =>
        fault is PostgresException { SqlState: PostgresErrorCodes.DiskFull };

    /// <summary>
    /// Whether what was sent can never be stored, whenever it is tried: SQLSTATE 22, such as U+0000 in JSON.
    /// </summary>
    public static bool LiesInTheData(PostgresException fault) =>
        fault.SqlState.StartsWith("22", StringComparison.Ordinal);
}
