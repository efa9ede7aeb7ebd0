using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Appending;

public class AppendOnlyTests(LogFixture fixture)
{
    [Fact]
    public async Task Appending_updates_and_deletes_nothing_so_no_analysts_transaction_can_hold_dead_rows_back()
    {
        await using var log = await fixture.OpenNewAsync();
        await using var analyst = await log.Database.OpenConnectionAsync();
        await using var query = await analyst.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        await using (var begin = new Npgsql.NpgsqlCommand("select count(*) from log.mt_events", analyst, query))
            await begin.ExecuteScalarAsync();

        var streams = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToArray();
        for (var version = 0; version < 10; version++)
            await Task.WhenAll(
                streams.Select(s =>
                    log.Appender.AppendAsync(Command(Change(s, version, new Counted(s, 1))) with { Fingerprint = [] })
                )
            );

        // A server process publishes its counts some time after its transactions. They are complete once they include
        // all inserts.
        var written = await WrittenAsync(log);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (
            written.Where(t => t.Table.StartsWith("mt_events", StringComparison.Ordinal)).Sum(t => t.Inserted) < 200
            && await look.WaitForNextTickAsync(limit.Token)
        )
            written = await WrittenAsync(log);
        Assert.All(written, table =>
            Assert.True(table.Changed == 0, $"{table.Table} has {table.Changed} updated or deleted rows")
        );

        // The analyst still sees the old state, and the log has the new one.
        await using (var again = new Npgsql.NpgsqlCommand("select count(*) from log.mt_events", analyst, query))
            Assert.Equal(0L, await again.ExecuteScalarAsync());
        Assert.Equal(200, await log.Reader.HeadAsync(CancellationToken.None));
    }

    private static async Task<List<(string Table, long Inserted, long Changed)>> WrittenAsync(EventLog log)
    {
        await using var counts = log.Database.CreateCommand(
            """
            select c.relname::text, pg_stat_get_tuples_inserted(c.oid),
                pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'log' and c.relkind = 'r'
                and (c.relname like 'mt\_events\_%' or c.relname in ('streams', 'chain', 'commands'))
            """
        );
        await using var rows = await counts.ExecuteReaderAsync();
        var written = new List<(string, long, long)>();
        while (await rows.ReadAsync())
            written.Add((rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2)));
        return written;
    }
}
