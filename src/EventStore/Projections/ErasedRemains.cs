using Npgsql;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Projections;

/// <summary>What a sweep could do about one kind of remains.</summary>
/// <param name="Name"><c>rows</c>, <c>statistics</c> or <c>wal</c>.</param>
/// <param name="Done">The database's files hold none of it any longer.</param>
/// <param name="Detail">Why not; null when it is done.</param>
public sealed record SweepStep(string Name, bool Done, string? Detail);

/// <summary>
/// Rids the database's files of texts that no query finds any longer: dead rows of read models, the planner's
/// statistics of them, and the write-ahead log. The events themselves are unreadable without the key, which is
/// destroyed.
/// </summary>
/// <remarks>
/// Small tables are rewritten under a lock that readers wait for; larger ones of projections are built anew beside what
/// serves. Backups, replicas, and blocks of deleted files that the file system has not reused are beyond it. One sweep
/// at a time: the caller sees to that. A step that fails is told in the answer; only a database that is away throws.
/// </remarks>
/// <param name="clock">For the waits between attempts.</param>
public sealed class ErasedRemains(NpgsqlDataSource database, Builds builds, TimeProvider clock)
{
    /// <summary>
    /// A table and its indexes up to this are rewritten within some two seconds, which others wait for.
    /// </summary>
    public const long RewriteBytesMax = 256L << 20;

    /// <summary>How long others may have to wait because a rewrite waits behind a long query.</summary>
    private static readonly TimeSpan LockWaitMax = TimeSpan.FromSeconds(1);

    private const int LockAttemptsMax = 30;

    /// <summary>Longer than a transaction of an analyst that the server leaves open.</summary>
    private static readonly TimeSpan SnapshotWaitMax = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>WAL segments passed in one statement.</summary>
    private const int SwitchesAtOnce = 32;

    /// <summary>Some 4 GB in segments of 1 MB, which is <c>max_wal_size</c>.</summary>
    private const int SwitchesMax = 4_096;

    /// <summary>
    /// Checkpoints until the segments before them are gone; the second is enough where nothing holds them.
    /// </summary>
    private const int CheckpointsMax = 5;

    /// <summary>Tables of the log's own that hold names, keys, models and errors.</summary>
    private static readonly string[] OwnTables =
    [
        "log.names",
        "log.keys",
        "log.snapshots",
        "log.parked_events",
        "log.mt_doc_deadletterevent",
    ];

    /// <param name="projections">Names of those whose rows an erasure changes; they must have come past it.</param>
    /// <param name="ownsServer">
    /// The server is Veza's own: its settings may be changed for a moment, and its WAL be passed.
    /// </param>
    /// <param name="tables">Others that may hold texts, such as those of a queue.</param>
    public async Task<IReadOnlyList<SweepStep>> SweepAsync(
        IReadOnlyCollection<string> projections,
        IReadOnlyCollection<string> tables,
        bool ownsServer,
        CancellationToken ct
    )
    {
        var rows = await RowsAsync(projections, tables, ct);
        var statistics = await StatisticsAsync(ct);
        var wal = ownsServer
            ? await WalAsync(ct)
            : new("wal", false, "the server is not Veza's own: its WAL keeps the texts until it is recycled");
        return [rows, statistics, wal];
    }

    private async Task<SweepStep> RowsAsync(
        IReadOnlyCollection<string> projections,
        IReadOnlyCollection<string> tables,
        CancellationToken ct
    )
    {
        // A rewrite keeps dead rows that an older transaction could still see.
        if (!await WaitForSnapshotsAsync(ct))
            return new(
                "rows",
                false,
                $"a transaction was open for more than {SnapshotWaitMax.TotalMinutes} minutes and kept dead rows"
            );
        List<string> left = [];
        foreach (var table in OwnTables.Concat(tables))
            if (await RewriteAsync(table, ct) is { } reason)
                left.Add($"{table} {reason}");
        List<string> building = [];
        foreach (var projection in projections)
        foreach (var table in await TablesAsync(projection, ct))
            if (await RewriteAsync(table, ct) is { } reason)
            {
                if (await builds.RequestAsync(projection, ct))
                    building.Add(projection);
                else
                    left.Add($"{table} {reason}");
            }
        left.AddRange(await BuiltAsync(building, ct));
        return left.Count == 0 ? new("rows", true, null) : new("rows", false, string.Join("; ", left));
    }

    /// <returns>Why not; null when it was rewritten.</returns>
    private async Task<string?> RewriteAsync(string table, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (
            await ScalarAsync(connection, $"select pg_total_relation_size(to_regclass('{table}'))", ct)
            is not long bytes
        )
            return null;
        if (bytes > RewriteBytesMax)
            return $"is {bytes >> 20:N0} MB; up to {RewriteBytesMax >> 20} MB are rewritten";
        await RunAsync(connection, $"set lock_timeout = {(int)LockWaitMax.TotalMilliseconds}", ct);
        var file = $"select pg_relation_filenode('{table}')";
        var before = await ScalarAsync(connection, file, ct);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunAsync(connection, $"vacuum (full, analyze) {table}", ct);
                // To who may not, PostgreSQL gives a warning and goes on.
                return Equals(before, await ScalarAsync(connection, file, ct))
                    ? "may not be rewritten by this user"
                    : null;
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                return null;
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                if (attempt == LockAttemptsMax)
                    return "was in use all the while";
            }
            await Task.Delay(LookEvery, clock, ct);
        }
    }

    /// <summary>
    /// Waits until builds have taken the place of the tables that were too large to rewrite, and those are dropped.
    /// </summary>
    private async Task<IEnumerable<string>> BuiltAsync(IReadOnlyCollection<string> building, CancellationToken ct)
    {
        while (building.Count > 0)
        {
            var open = (await builds.ListAsync(ct)).Where(b => building.Contains(b.Name)).ToList();
            if (open.Count > 0 && open.All(b => b.Error is not null))
                return open.Select(b => $"{b.Name} could not be built: {b.Error}");
            await using var connection = await database.OpenConnectionAsync(ct);
            if (open.Count == 0 && await ScalarAsync(connection, "select count(*) from log.retired_tables", ct) is 0L)
                break;
            await Task.Delay(LookEvery, clock, ct);
        }
        return [];
    }

    /// <summary>
    /// Most common values and histograms hold samples of texts. Tables were analysed anew when they were rewritten.
    /// </summary>
    private async Task<SweepStep> StatisticsAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (await ScalarAsync(connection, "select rolsuper from pg_roles where rolname = current_user", ct) is not true)
            return new(
                "statistics",
                false,
                "rewriting pg_statistic needs a superuser: its dead rows keep samples of texts until they are overwritten"
            );
        var reason = await RewriteAsync("pg_catalog.pg_statistic", ct);
        return new("statistics", reason is null, reason);
    }

    private async Task<SweepStep> WalAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        // Used segments would be kept for reuse, with what stands in them.
        await RunAsync(connection, "alter system set wal_recycle = off", ct);
        await RunAsync(connection, "select pg_reload_conf()", ct);
        try
        {
            await RunAsync(connection, "checkpoint", ct);
            // All that are there now, those kept for reuse too, which are named ahead of the one in use.
            var last = (string)
                (
                    await ScalarAsync(
                        connection,
                        "select max(name) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'",
                        ct
                    )
                )!;
            for (
                var switched = 0;
                switched < SwitchesMax && await IsUpToAsync(connection, last, ct);
                switched += SwitchesAtOnce
            )
                await RunAsync(
                    connection,
                    $"""
                    do $$ begin
                        for i in 1..{SwitchesAtOnce} loop
                            exit when pg_walfile_name(pg_current_wal_insert_lsn()) > '{last}';
                            perform pg_logical_emit_message(false, 'veza', '');
                            perform pg_switch_wal();
                        end loop;
                    end $$
                    """,
                    ct
                );
            var left = 0L;
            for (var i = 0; i < CheckpointsMax; i++)
            {
                await RunAsync(connection, "checkpoint", ct);
                left = (long)
                    (
                        await ScalarAsync(
                            connection,
                            $"select count(*) from pg_ls_waldir() where name ~ '^[0-9A-F]{{24}}$' and name <= '{last}'",
                            ct
                        )
                    )!;
                if (left == 0)
                    return new("wal", true, null);
                // The next checkpoint removes what this one began behind; one needs something to write.
                await RunAsync(connection, "select pg_logical_emit_message(false, 'veza', ''), pg_switch_wal()", ct);
            }
            return new("wal", false, $"{left} segments are held, by a replica or by archiving");
        }
        finally
        {
            await RunAsync(connection, "alter system reset wal_recycle", CancellationToken.None);
            await RunAsync(connection, "select pg_reload_conf()", CancellationToken.None);
        }
    }

    private static async Task<bool> IsUpToAsync(NpgsqlConnection connection, string last, CancellationToken ct) =>
        await ScalarAsync(connection, $"select pg_walfile_name(pg_current_wal_insert_lsn()) <= '{last}'", ct) is true;

    /// <returns>False when a transaction that began before this one is still open after the longest wait.</returns>
    private async Task<bool> WaitForSnapshotsAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var mine = (uint)(await ScalarAsync(connection, "select pg_current_xact_id()::xid", ct))!;
        for (
            var began = clock.GetTimestamp();
            clock.GetElapsedTime(began) < SnapshotWaitMax;
            await Task.Delay(LookEvery, clock, ct)
        )
        {
            var older = await ScalarAsync(
                connection,
                $"""
                select (select count(*) from pg_stat_activity where pid <> pg_backend_pid() and age(backend_xmin) > age('{mine}'::xid))
                     + (select count(*) from pg_replication_slots where age(xmin) > age('{mine}'::xid))
                """,
                ct
            );
            if (older is 0L)
                return true;
        }
        return false;
    }

    /// <returns>Those of every version, of builds and retired ones too.</returns>
    private async Task<List<string>> TablesAsync(string projection, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'views' and tablename like $1 order by 1"
        );
        var plain = ServingTables.TableOf(ServingTables.BaseOf(projection))["views.".Length..];
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = plain.Replace("_", "\\_") + "\\_v%" });
        await using var names = await command.ExecuteReaderAsync(ct);
        List<string> tables = [];
        while (await names.ReadAsync(ct))
            tables.Add(names.GetString(0));
        return tables;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        // Bounded by the size of tables and of the WAL, not by a statement's time.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(ct) is { } value and not DBNull ? value : null;
    }
}
