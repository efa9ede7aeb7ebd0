using Npgsql;
using Veza.EventStore.Appending;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Schema;

public class LogSchemaTests(LogFixture fixture)
{
    [Fact]
    public async Task A_node_starts_while_others_hold_locks_of_appending()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var running = await OpenAsync(database);
        await using var connection = await running.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var appending = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var hold = new NpgsqlCommand("lock table log.mt_events, log.names, log.commands, log.parked_events in row exclusive mode", connection, appending))
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await using var starting = await OpenAsync(database).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(running.Epoch, starting.Epoch);
    }

    [Fact]
    public async Task What_another_release_made_of_the_schema_is_brought_up_to_date()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
        {
            await using var other = log.Database.CreateCommand("comment on schema log is 'of another release'; drop function log.ensure_partition(bigint, bigint)");
            await other.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await using var updated = await OpenAsync(database);
        var stream = Guid.CreateVersion7();
        Assert.IsType<AppendOutcome.Accepted>(await updated.Appender.AppendAsync(Command(Change(stream, 0, new Cleared(stream)))));
    }
}
