using System.Globalization;

namespace Veza.Deploy.Tests.Monitoring.Watched;

/// <summary>PostgreSQL, its standby and its backups.</summary>
internal static class DatabaseCauses
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(100);

    /// <summary>Each is 16 MiB, and stays on the disk while it is not archived.</summary>
    private static readonly TimeSpan SegmentEvery = TimeSpan.FromSeconds(5);

    /// <summary>One more than the bound of a backup's age.</summary>
    private const int HoursOld = 27;

    /// <summary>More than the bound of a standby's lag.</summary>
    private const int LagMegabytes = 80;

    public static readonly IReadOnlyList<Cause> All =
    [
        new("the primary is stopped", ["NoWritableDatabase"], StoppedPrimaryAsync)
        {
            HeldBack = ["PostgresDown", "DatabaseUnavailable"],
        },
        new(
            "the standby loses power",
            ["StandbyMissing", "PostgresDown"],
            Causes.Between(hosts => hosts.Databases.Standby.KillAsync(), hosts => hosts.Databases.MakeStandbyAsync())
        ),
        new(
            "the standby is promoted beside its primary",
            ["TwoWritableDatabases"],
            Causes.Between(
                hosts => hosts.Databases.AskStandbyAsync("SELECT pg_promote()"),
                hosts => hosts.Databases.MakeStandbyAsync()
            )
        ),
        new("the standby receives and does not apply", ["ReplicationLags"], LaggingStandbyAsync),
        new("archive_command fails", ["WalArchivingFails"], FailingArchiveAsync),
        new("other programs take the connections", ["DatabaseConnectionsShort"], TakenConnectionsAsync),
        new("no backup has written its time", ["BackupUnknown"], Causes.Nothing) { IsLasting = true },
        new("the last backup is of yesterday", ["BackupTooOld"], OldBackupAsync),
    ];

    /// <summary>While people read and write.</summary>
    private static async Task<IAsyncDisposable> StoppedPrimaryAsync(WatchedHosts hosts)
    {
        var visitor = await Visitor.RegisterAsync(hosts.Node1.Address);
        await hosts.Databases.StopPrimaryAsync();
        var writing = Repetition.Of(visitor.WriteAsync, Often, atOnce: 4);
        var reading = Repetition.Of(visitor.ReadAsync, Often, atOnce: 4);
        return new Healing(async () =>
        {
            await hosts.Databases.StartPrimaryAsync();
            await writing.DisposeAsync();
            await reading.DisposeAsync();
            visitor.Dispose();
        });
    }

    private static async Task<IAsyncDisposable> LaggingStandbyAsync(WatchedHosts hosts)
    {
        await hosts.Databases.AskStandbyAsync("SELECT pg_wal_replay_pause()");
        await hosts.Databases.AskAsync(
            "SELECT pg_logical_emit_message(false, 'veza', string_agg(md5(i::text), '')) "
                + string.Create(CultureInfo.InvariantCulture, $"FROM generate_series(1, {LagMegabytes} * 32768) i")
                + " GROUP BY i / 32768"
        );
        return new Healing(() => hosts.Databases.AskStandbyAsync("SELECT pg_wal_replay_resume()"));
    }

    /// <summary>One segment after another, as the archiver takes the first ones by its former command.</summary>
    private static async Task<IAsyncDisposable> FailingArchiveAsync(WatchedHosts hosts)
    {
        await ArchiveByAsync(hosts, "/bin/false");
        var writing = Repetition.Of(
            _ =>
                hosts.Databases.AskAsync(
                    "SELECT pg_logical_emit_message(true, 'veza', 'a segment to archive')",
                    "SELECT pg_switch_wal()"
                ),
            SegmentEvery
        );
        return new Healing(async () =>
        {
            await writing.DisposeAsync();
            await ArchiveByAsync(hosts, "/bin/true");
        });
    }

    private static Task ArchiveByAsync(WatchedHosts hosts, string command) =>
        hosts.Databases.AskAsync($"ALTER SYSTEM SET archive_command = '{command}'", "SELECT pg_reload_conf()");

    private static async Task<IAsyncDisposable> TakenConnectionsAsync(WatchedHosts hosts)
    {
        var taken = new Stack<IAsyncDisposable>();
        // The exporter keeps one, and needs no other.
        while (taken.Count < Databases.ConnectionsMax)
        {
            try
            {
                taken.Push(await hosts.Databases.OpenAsync());
            }
            catch (Npgsql.PostgresException)
            {
                break;
            }
        }
        return new Healing(async () =>
        {
            while (taken.TryPop(out var one))
                await one.DisposeAsync();
        });
    }

    private static async Task<IAsyncDisposable> OldBackupAsync(WatchedHosts hosts)
    {
        var file = await hosts.BackedUpAsync(TimeProvider.System.GetUtcNow().AddHours(-HoursOld), "full");
        return new Healing(() =>
        {
            File.Delete(file);
            return Task.CompletedTask;
        });
    }
}
