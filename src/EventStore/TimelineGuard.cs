using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Database;
using Veza.EventStore.Reading;

namespace Veza.EventStore;

/// <summary>
/// Sees to it that what this node holds in memory and what it reads and writes are one history of the log. Every new
/// connection is asked, before anybody uses it, for the epoch and for the event at the head this node knows. A
/// promotion or a restore breaks all connections, so that none is overlooked.
/// </summary>
/// <param name="tail">What the node knows; begun anew when that is no longer in the database.</param>
/// <param name="forget">What else was made of the events.</param>
internal sealed class TimelineGuard(Tail tail, Action forget, ILogger logger)
{
    // The timeline as it is written now: the control file's own shows a promotion only at the next checkpoint, minutes
    // later. A standby has none of its own.
    private const string Ask = """
        select case when pg_is_in_recovery() then null
                    else (select to_hex(system_identifier) from pg_control_system()) || '-' || ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end
        """;
    private const string AskMark = "select seq_id, id, timestamp from log.mt_events where seq_id = $1";
    private const string AskNewest =
        "select e.seq_id, e.id, e.timestamp from log.mt_events e where e.seq_id = (select max(position) from log.chain)";

    private readonly List<NpgsqlDataSource> _sources = [];
    private readonly SemaphoreSlim _judging = new(1);
    private volatile string _epoch = "";

    /// <summary>Changes before anything of another history can be read.</summary>
    public string Epoch => _epoch;

    /// <summary>Connections to the primary, whichever of several hosts that is, each of them looked at.</summary>
    public NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder)
    {
        builder.UsePhysicalConnectionInitializer(
            connection => LookAsync(connection).GetAwaiter().GetResult(),
            LookAsync
        );
        var source = DataSources.Build(builder);
        lock (_sources)
            _sources.Add(source);
        return source;
    }

    /// <summary>Takes the database's history for this node's.</summary>
    public async Task StartAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var epoch = await EpochAsync(connection, ct)
            ?? throw new IOException("the database is a standby; the log is opened on the primary");
        tail.StartAt(await MarkAsync(AskNewest, null, connection, ct));
        _epoch = epoch;
    }

    private async Task LookAsync(NpgsqlConnection connection)
    {
        if (_epoch.Length == 0 || await EpochAsync(connection, CancellationToken.None) is not { } epoch)
            return;
        if (epoch == _epoch && await KnowsOursAsync(connection))
            return;
        await _judging.WaitAsync();
        try
        {
            if (IsBefore(epoch, _epoch))
                throw new FormerPrimaryException(
                    $"the server is of epoch {epoch}, and the log went on in {_epoch}: it is a primary that was replaced, and is not used"
                );
            if (await KnowsOursAsync(connection))
            {
                if (epoch != _epoch)
                    logger.LogWarning(
                        "The log is now of epoch {Epoch}, no longer {Former}; everything this node had seen is in it",
                        epoch,
                        _epoch
                    );
                _epoch = epoch;
                return;
            }
            var (head, mark) = (tail.Head, await MarkAsync(AskNewest, null, connection, CancellationToken.None));
            logger.LogError(
                "The history of the log was forked: epoch {Epoch} (before: {Former}) has its head at {Position}, and not the event this node knows at {Head}. "
                    + "Some events that were acknowledged are lost; this node forgets what it held and begins anew",
                epoch,
                _epoch,
                mark?.Position ?? 0,
                head
            );
            lock (_sources)
                _sources.ForEach(source => source.Clear());
            // First the epoch: nobody may hear of the other history under the name of the former.
            _epoch = epoch;
            tail.Fork(mark, forget);
        }
        finally
        {
            _judging.Release();
        }
    }

    /// <summary>
    /// Whether the newest event this node knows is in the database: then everything before it is too.
    /// </summary>
    private async Task<bool> KnowsOursAsync(NpgsqlConnection connection) =>
        tail.Mark is not { } ours
        || await MarkAsync(AskMark, ours.Position, connection, CancellationToken.None) == ours;

    private static async Task<string?> EpochAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        await using var ask = new NpgsqlCommand(Ask, connection);
        return await ask.ExecuteScalarAsync(ct) as string;
    }

    private static async Task<HeadFingerprint?> MarkAsync(
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
