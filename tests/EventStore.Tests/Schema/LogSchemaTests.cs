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
        await using (
            var hold = new NpgsqlCommand(
                "lock table log.mt_events, log.names, log.commands, log.parked_events in row exclusive mode",
                connection,
                appending
            )
        )
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await using var starting = await OpenAsync(database)
            .WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(running.Epoch, starting.Epoch);
    }

    [Fact]
    public async Task The_schema_of_another_release_is_migrated()
    {
        var database = await fixture.NewDatabaseAsync();
        await using (var log = await OpenAsync(database))
        {
            await using var other = log.Database.CreateCommand(
                "comment on schema log is 'of another release'; drop function log.ensure_partition(bigint, bigint)"
            );
            await other.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await using var updated = await OpenAsync(database);
        var stream = Guid.CreateVersion7();
        Assert.IsType<AppendOutcome.Accepted>(
            await updated.Appender.AppendAsync(Command(Change(stream, 0, new Cleared(stream))))
        );
    }

    [Fact]
    public async Task The_index_of_streams_of_an_earlier_release_gives_way_to_a_smaller_one()
    {
        var database = await fixture.NewDatabaseAsync();
        var stream = Guid.CreateVersion7();
        await using (var log = await OpenAsync(database))
        {
            Assert.IsType<AppendOutcome.Accepted>(
                await log.Appender.AppendAsync(
                    Command(Change(stream, 0, [.. Enumerable.Range(0, 20).Select(_ => new Cleared(stream))]))
                )
            );
            await using var other = log.Database.CreateCommand(
                """
                comment on schema log is 'of another release';
                drop index log.events_by_stream;
                create index pk_mt_events_stream_and_version on log.mt_events (stream_id, version)
                """
            );
            await other.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        await using var updated = await OpenAsync(database);
        await using var indexes = updated.Database.CreateCommand(
            "select string_agg(indexname, ' ' order by indexname) from pg_indexes where schemaname = 'log' "
                + "and tablename = 'mt_events'"
        );
        Assert.Equal(
            "events_by_stream mt_events_pkey",
            await indexes.ExecuteScalarAsync(TestContext.Current.CancellationToken)
        );
        Assert.Equal(
            new AppendOutcome.VersionConflict(stream, 20),
            await updated.Appender.AppendAsync(Command(Change(stream, 19, new Cleared(stream))))
        );
        Assert.Equal(
            20,
            (await updated.Reader.ReadAsync(new() { Stream = stream }, 100, CancellationToken.None)).Count
        );
    }

    [Fact]
    public async Task A_function_that_answered_less_in_another_release_is_replaced_and_nodes_that_run_go_on()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var running = await OpenAsync(database);
        var stream = Guid.CreateVersion7();
        Assert.IsType<AppendOutcome.Accepted>(
            await running.Appender.AppendAsync(Command(Change(stream, 0, new Cleared(stream))))
        );
        await DoAsync("comment on schema log is 'of another release'");
        await using var updated = await OpenAsync(database);
        Assert.IsType<AppendOutcome.Accepted>(
            await updated.Appender.AppendAsync(Command(Change(stream, 1, new Cleared(stream))))
        );
        Assert.IsType<AppendOutcome.Accepted>(
            await running.Appender.AppendAsync(Command(Change(stream, 2, new Cleared(stream))))
        );

        await DoAsync(
            """
            comment on schema log is 'of another release';
            do $replace$
            declare
                now      oid  := 'log.append_batch'::regproc;
                identity text := pg_get_function_identity_arguments(now);
                before   text := replace(pg_get_function_arguments(now), ', OUT changed_versions bigint[]', '');
            begin
                execute format('drop function log.append_batch(%s)', identity);
                execute format('create function log.append_batch(%s) language plpgsql as $f$ begin end $f$', before);
            end $replace$
            """
        );
        await using var again = await OpenAsync(database);
        Assert.IsType<AppendOutcome.Accepted>(
            await again.Appender.AppendAsync(Command(Change(stream, 3, new Cleared(stream))))
        );

        async Task DoAsync(string sql)
        {
            await using var command = running.Database.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }
}
