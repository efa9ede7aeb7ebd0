using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Reading;

namespace Veza.EventStore;

/// <summary>
/// Keeps this node's memory and its reads and writes on one history of the log.
/// </summary>
/// <remarks>
/// It checks every new connection, before its first use, for the epoch and for the event at this node's head. A
/// promotion or a restore breaks all connections, so none escapes the check. When the event is missing, the log was
/// forked: the node drops its memory and begins anew. A connection to a former primary is refused. Any thread may open
/// one.
/// </remarks>
/// <param name="tail">The node's events; begun anew after a fork.</param>
/// <param name="forget">Drops what was derived from the events.</param>
internal sealed class TimelineGuard(Tail tail, Action forget, ILogger logger)
{
    // The timeline of the WAL being written: that of the control file shows a promotion only at the next checkpoint,
    // minutes later. A standby writes none.
    private const string Ask = """
        select case when pg_is_in_recovery() then null
                    else (select to_hex(system_identifier) from pg_control_system()) || '-'
                         || ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end
        """;
    private const string AskEvent = "select seq_id, id, timestamp from log.mt_events where seq_id = $1";
    private const string AskNewest =
        "select e.seq_id, e.id, e.timestamp from log.mt_events e "
        + "where e.seq_id = (select max(position) from log.chain)";

    private readonly List<NpgsqlDataSource> _sources = [];
    private readonly SemaphoreSlim _checking = new(1);
    private volatile string _epoch = "";

    /// <summary>Changes before any event of another history can be read.</summary>
    public string Epoch => _epoch;

    /// <summary>Connections to the primary among one or several hosts, each of them checked.</summary>
    public NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder)
    {
        builder.UsePhysicalConnectionInitializer(
            connection => CheckAsync(connection).GetAwaiter().GetResult(),
            CheckAsync
        );
        var source = DataSources.Build(builder);
        lock (_sources)
            _sources.Add(source);
        return source;
    }

    /// <summary>Adopts the database's history.</summary>
    public async Task StartAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var epoch = await EpochAsync(connection, ct)
            ?? throw new IOException("the database is a standby; the log is opened on the primary");
        tail.StartAt(await FindAsync(AskNewest, null, connection, ct));
        _epoch = epoch;
    }

    private async Task CheckAsync(NpgsqlConnection connection)
    {
        if (_epoch.Length == 0 || await EpochAsync(connection, CancellationToken.None) is not { } epoch)
            return;
        if (epoch == _epoch && await HasOurHeadAsync(connection))
            return;
        await _checking.WaitAsync();
        try
        {
            if (IsBefore(epoch, _epoch))
                throw new FormerPrimaryException(
                    $"the server is of epoch {epoch}, and the log went on in {_epoch}: "
                        + "it is a primary that was replaced, and is not used"
                );
            if (await HasOurHeadAsync(connection))
            {
                if (epoch != _epoch)
                    logger.LogWarning(
                        "The log is now of epoch {Epoch}, no longer {Former}; every event this node has seen is in it",
                        epoch,
                        _epoch
                    );
                _epoch = epoch;
                return;
            }
            var head = tail.Head;
            var mark = await FindAsync(AskNewest, null, connection, CancellationToken.None);
            logger.LogError(
                "The history of the log was forked: epoch {Epoch} (before: {Former}) has its head at {Position}, "
                    + "and not the event this node knows at {Head}. "
                    + "Some events that were acknowledged are lost; this node drops its memory and begins anew",
                epoch,
                _epoch,
                mark?.Position ?? 0,
                head
            );
            lock (_sources)
                _sources.ForEach(source => source.Clear());
            // First the epoch: no reader may get events of the other history under the former epoch.
            _epoch = epoch;
            tail.Fork(mark, forget);
        }
        finally
        {
            _checking.Release();
        }
    }

    /// <summary>
    /// Whether this node's newest event is in the database: then everything before it is too.
    /// </summary>
    private async Task<bool> HasOurHeadAsync(NpgsqlConnection connection) =>
        tail.Mark is not { } ours
        || await FindAsync(AskEvent, ours.Position, connection, CancellationToken.None) == ours;

    private static async Task<string?> EpochAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand(Ask, connection);
        return await ask.ExecuteScalarAsync(ct) as string;
    }

    private static async Task<HeadFingerprint?> FindAsync(
        string sql,
        long? position,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        await using var ask = new NpgsqlCommand(sql, connection);
        if (position is { } at)
            ask.Parameters.Add(new NpgsqlParameter<long> { TypedValue = at });
        await using var row = await ask.ExecuteReaderAsync(ct);
        return await row.ReadAsync(ct)
            ? new(row.GetInt64(0), row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2))
            : null;
    }

    /// <summary>
    /// Whether it is an earlier timeline of the same cluster. Of two clusters neither is before the other.
    /// </summary>
    private static bool IsBefore(string epoch, string other) =>
        epoch.Split('-') is [var cluster, var timeline]
        && other.Split('-') is [var otherCluster, var otherTimeline]
        && cluster == otherCluster
        && int.Parse(timeline, System.Globalization.CultureInfo.InvariantCulture)
            < int.Parse(otherTimeline, System.Globalization.CultureInfo.InvariantCulture);
}
