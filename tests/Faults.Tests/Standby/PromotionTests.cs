using Npgsql;
using Veza.EventStore;
using Veza.EventStore.Events;
using Veza.EventStore.Postgres;
using Veza.Faults.Tests.Load;
using Veza.Faults.Tests.Nodes;
using Veza.Faults.Tests.Recording;

namespace Veza.Faults.Tests.Standby;

public class PromotionTests
{
    [Fact]
    public async Task A_synchronous_standby_that_is_promoted_under_load_has_all_that_was_acknowledged()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Starting a standby as the server's user needs root.");
        await using var primary = await LocalPostgres.StartEphemeralAsync(loopback: true);
        await using var standby = await StandbyServer.StartAsync(primary);
        await ExecuteAsync(primary.ConnectionString, "alter system set synchronous_standby_names = '*'");
        await ExecuteAsync(primary.ConnectionString, "select pg_reload_conf()");
        await Eventually.TrueAsync(
            () =>
                Ask(primary.ConnectionString, "select count(*) from pg_stat_replication where sync_state = 'sync'")
                == 1,
            what: "the synchronous standby"
        );
        var history = new History();
        await using var node = await LocalNode.OpenAsync("node", standby.Either(primary), history);
        var epoch = node.Log.Epoch;
        node.Load(12, Extent.Seed);
        await Eventually.TrueAsync(
            () => history.Calls.Count(c => c.Answer is { IsYes: true }) > Extent.AcceptedBetween,
            what: "the load"
        );

        await primary.KillAsync();
        await standby.PromoteAsync();

        var ended = history.FaultEnded("promotion", node.Name);
        await Eventually.TrueAsync(
            () => history.Calls.Any(c => c.Answer is { IsYes: true } && c.AnsweredAt > ended.EndedAt),
            what: "an append to the promoted standby"
        );
        await node.StopLoadAsync();
        await Checking.Checkers.AssertHoldAsync(history, standby.ConnectionString);
        Assert.NotEqual(epoch, node.Log.Epoch);
        Assert.Equal(0, node.Log.HistoryGeneration);
    }

    [Fact]
    public async Task An_asynchronous_standby_that_lacks_acknowledged_events_forks_the_log_and_every_follower_notices()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Starting a standby as the server's user needs root.");
        await using var primary = await LocalPostgres.StartEphemeralAsync(loopback: true);
        await using var standby = await StandbyServer.StartAsync(primary);
        var history = new History();
        await using var node = await LocalNode.OpenAsync("node", standby.Either(primary), history);
        var (epoch, stream) = (node.Log.Epoch, Guid.CreateVersion7());
        Assert.True((await node.AskAsync(MixedLoad.Command((stream, 0, 2)))).IsYes);
        await Eventually.TrueAsync(
            () =>
                Ask(
                    primary.ConnectionString,
                    "select count(*) from pg_stat_replication where replay_lsn >= pg_current_wal_lsn()"
                ) == 1,
            what: "the standby's copy"
        );
        await standby.DisconnectAsync();
        await Eventually.TrueAsync(
            () => Ask(primary.ConnectionString, "select count(*) from pg_stat_replication") == 0,
            what: "the standby's farewell"
        );
        Assert.True((await node.AskAsync(MixedLoad.Command((stream, 2, 3)))).IsYes);
        Assert.Equal(5, node.Log.Head);
        var follower = FollowAsync(node.Log, after: 5);
        var decidedBefore = MixedLoad.Command((stream, 5, 1)) with { HistoryGeneration = node.Log.HistoryGeneration };

        await primary.KillAsync();
        await standby.PromoteAsync();

        // Sent before the node has noticed the fork. It must be decided again on the stream as it now is.
        Assert.True(
            (await node.AskAsync(MixedLoad.Command((stream, 5, 1)))) is { Kind: AnswerKind.VersionConflict, Version: 2 }
        );
        // In the new history the stream has the version that the earlier decision expects, but with other events.
        Assert.True((await node.AskAsync(MixedLoad.Command((stream, 2, 3)))) is { IsYes: true, Position: 5 });
        await Assert.ThrowsAsync<HistoryForkedException>(() => follower);
        Assert.Equal((1, 5), (node.Log.HistoryGeneration, node.Log.Head));
        Assert.NotEqual(epoch, node.Log.Epoch);
        Assert.Equal(AnswerKind.VersionConflict, (await node.AskAsync(decidedBefore)).Kind);

        // Npgsql may remember for a while that the server did not take writes.
        IReadOnlyList<RecordedEvent> shown = [];
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                shown = await node.Log.ReadAfterAsync(0, 100, CancellationToken.None);
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });
        var there = await LogAtEnd.ReadAsync(standby.ConnectionString, CancellationToken.None);
        Assert.Equal(there.Rows.Select(r => r.Id), shown.Select(e => e.Id));
    }

    private static async Task FollowAsync(EventLog log, long after)
    {
        await foreach (var _ in log.FollowAsync(after, 100, CancellationToken.None)) { }
    }

    private static long Ask(string connectionString, string sql)
    {
        using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        );
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        return (long)command.ExecuteScalar()!;
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
