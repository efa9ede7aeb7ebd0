using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Postgres;

namespace Veza.EventStore.Tests.Postgres;

public sealed class ServerWatchTests
{
    [Fact]
    public async Task A_killed_server_is_started_again_with_its_data_even_while_a_query_of_it_goes_on()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        await LocalPostgresTests.Execute(
            postgres,
            "CREATE TABLE kept(n int); INSERT INTO kept SELECT generate_series(1, 1000)"
        );
        var watch = Watch(postgres);
        await using var other = new NpgsqlConnection(postgres.ConnectionString);
        await other.OpenAsync(TestContext.Current.CancellationToken);
        await using var longQuery = new NpgsqlCommand("SELECT pg_sleep(3600)", other) { CommandTimeout = 0 };
        var orphan = longQuery.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () =>
            await LocalPostgresTests.Ask(postgres, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            == "1"
        );
        var killed = postgres.ProcessId;

        Postmaster.Signal(killed, "KILL");

        await Eventually.TrueAsync(() => watch.Status is { Restarts: 1, State: ServerState.Running });
        Assert.NotEqual(killed, postgres.ProcessId);
        Assert.Equal("it was killed or crashed", watch.Status.LastReason);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => orphan);
        NpgsqlConnection.ClearAllPools();
        Assert.Equal("1000", await LocalPostgresTests.Ask(postgres, "SELECT count(*) FROM kept"));
    }

    [Fact]
    public async Task A_server_that_does_not_start_is_tried_again_until_it_does()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        var watch = Watch(postgres);
        var control = Path.Combine(postgres.DataFolder, "global", "pg_control");
        File.Move(control, control + ".away");

        Postmaster.Signal(postgres.ProcessId, "KILL");

        await Eventually.TrueAsync(() => watch.Status is { State: ServerState.Restarting, Attempts: >= 2 });
        Assert.Equal("it does not start; the server's log says why", watch.Status.LastReason);
        File.Move(control + ".away", control);
        await Eventually.TrueAsync(() => watch.Status is { State: ServerState.Running, Restarts: 1 });
        Assert.Equal("1", await LocalPostgresTests.Ask(postgres, "SELECT 1"));
    }

    [Fact]
    public async Task A_server_stopped_on_purpose_is_not_restarted_until_it_is_started_by_hand()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        var watch = Watch(postgres);

        // The signal of pg_ctl stop -m fast.
        Postmaster.Signal(postgres.ProcessId, "INT");

        await Eventually.TrueAsync(() => watch.Status.State == ServerState.StoppedByOthers);
        Assert.Equal(0, postgres.ProcessId);
        await postgres.RestartAsync(TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => watch.Status is { State: ServerState.Running, Restarts: 0 });
    }

    [Fact]
    public async Task Stopping_ends_a_restart_that_is_under_way_and_nothing_runs_afterwards()
    {
        var postgres = await LocalPostgres.StartEphemeralAsync();
        var watch = Watch(postgres);
        var data = postgres.DataFolder;
        Postmaster.Signal(postgres.ProcessId, "KILL");
        await Eventually.TrueAsync(() => watch.Status.State == ServerState.Restarting || watch.Status.Restarts > 0);

        await postgres.StopAsync(TestContext.Current.CancellationToken);

        Assert.Empty(Postmaster.ProcessesOn(data));
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task An_adopted_server_is_watched_like_one_of_our_own()
    {
        var folder = Directory.CreateTempSubdirectory("veza-watch-").FullName;
        // The server runs as another user when the tests run as root.
        File.SetUnixFileMode(
            folder,
            File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute
        );
        var made = await LocalPostgres.StartAsync(
            new(Path.Combine(folder, "home")) { Loopback = false },
            ct: TestContext.Current.CancellationToken
        );
        made.LetGo();
        await using (
            var adopter = await LocalPostgres.StartAsync(
                new(Path.Combine(folder, "home")) { Loopback = false },
                ct: TestContext.Current.CancellationToken
            )
        )
        {
            Assert.True(adopter.Adopted);
            var watch = Watch(adopter);
            var adopted = adopter.ProcessId;

            Postmaster.Signal(adopted, "KILL");

            await Eventually.TrueAsync(() => watch.Status is { State: ServerState.Running, Restarts: 1 });
            Assert.NotEqual(adopted, adopter.ProcessId);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_watched_server_has_a_reserve_on_its_disk()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        Assert.SkipWhen(
            postgres.Disk.State.FreeBytes < postgres.Disk.State.Limits.FreeBytesAgain,
            "This machine's disk is nearly full."
        );
        Watch(postgres);

        await Eventually.TrueAsync(() => postgres.Reserve.IsHeld);
    }

    [Fact]
    public void Waits_between_starts_grow_to_half_a_minute()
    {
        var waits = Enumerable.Range(0, 10).Select(failed => ServerWatch.WaitAfter(failed).TotalSeconds);

        Assert.Equal([0, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 30], waits);
    }

    private static ServerWatch Watch(LocalPostgres postgres) =>
        postgres.Watch(TimeProvider.System, NullLogger.Instance);
}
