using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore;
using Veza.EventStore.Postgres;
using EventLog = Veza.EventStore.EventLog;

namespace Veza.Bench;

/// <summary>
/// The log against two baselines on the same server, interleaved: (a) one prepared single-row insert per transaction
/// over 64 connections, (b) 64-row unnest inserts over 4 connections, the physical limit. Durable: fsync and
/// synchronous_commit are on.
/// </summary>
internal static class LogBench
{
    private const string TwoNodes = "log: two nodes, 32 callers each";

    public static async Task<int> RunAsync(Options options)
    {
        var seconds = options.Number("--seconds", 5);
        var rounds = options.Number("--rounds", 5);
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        await using var log = await BenchLog.OpenAsync(postgres.ConnectionString);
        EventLog? second = null;
        await using var bare = await BareAsync(postgres.ConnectionString);
        await using var alone = await BatchesAlone.OpenAsync(postgres.ConnectionString);
        await using var analyst = options.Has("--analyst") ? await BeginLongQueryAsync(bare) : null;
        await WarmUpAsync(bare);
        var json = BenchLog.Types.Write(BenchLog.Event());
        Report.Machine(
            $"event of {json.Length} bytes of JSON; {rounds} rounds of {seconds} s, interleaved, medians"
                + (analyst is null ? "" : "; an analyst's transaction is open all the time")
        );

        var (one, two, three, four) = (new BenchLog(), new BenchLog(), new BenchLog(), new BenchLog());
        var (single, pair, full) = (
            new BatchesAlone(alone, 1),
            (BatchesAlone[])[new(alone, 32), new(alone, 32)],
            new BatchesAlone(alone, 128)
        );
        var cases = new (string Name, int Callers, Func<int, Task<int>> Act)[]
        {
            ("(a) bare single-row insert, 64 connections", 64, _ => InsertAsync(bare, 1, json)),
            ("(b) bare 64-row unnest insert, 4 connections", 4, _ => InsertAsync(bare, 64, json)),
            ("log: expected version, 10,000 streams, 64 callers", 64, caller => one.AppendAsync(log, caller, 64)),
            ("log: expected version, 10,000 streams, 256 callers", 256, caller => two.AppendAsync(log, caller, 256)),
            ("log: new stream per command, 64 callers", 64, _ => BenchLog.StartAsync(log)),
            ("log: new stream per command, 256 callers", 256, _ => BenchLog.StartAsync(log)),
            (TwoNodes, 64, caller => three.AppendAsync(caller % 2 == 0 ? log : second!, caller, 64)),
            ("bare insert, one caller", 1, _ => InsertAsync(bare, 1, json)),
            ("log: one caller", 1, caller => four.AppendAsync(log, caller, 1)),
            ("append_batch by itself, 1 command", 1, _ => single.WriteAsync()),
            ("append_batch by itself, 32 commands", 1, _ => pair[0].WriteAsync()),
            ("append_batch by itself, 32 commands, two connections", 2, connection => pair[connection].WriteAsync()),
            ("append_batch by itself, 128 commands", 1, _ => full.WriteAsync()),
        };
        if (options.Text("--only") is { } only)
            cases = [.. cases.Where(c => c.Name.Contains(only, StringComparison.Ordinal))];
        var figures = cases.ToDictionary(c => c.Name, _ => new List<Figures>());
        var sizes = cases.ToDictionary(c => c.Name, _ => new List<(double Commands, double Milliseconds)>());
        using var batches = new BatchMeter();
        for (var round = 0; round < rounds; round++)
        {
            // The order varies, so that the remains of a case, such as dirty pages, do not always burden the same one.
            Random.Shared.Shuffle(cases);
            foreach (var (name, callers, act) in cases)
            {
                // The second node runs only in its case, since a node reads everything that others append.
                second = name == TwoNodes ? await BenchLog.OpenAsync(postgres.ConnectionString) : null;
                batches.Take();
                figures[name].Add(await Measure.ClosedLoopAsync(callers, TimeSpan.FromSeconds(seconds), act));
                sizes[name].Add(batches.Take());
                if (second is not null)
                    await second.DisposeAsync();
            }
        }

        Report.Head("per second", "P50 ms", "P99 ms", "in a batch", "batch ms");
        foreach (var (name, of) in figures)
            Report.Row(
                name,
                Measure.Median(of.Select(f => f.PerSecond)),
                Measure.Median(of.Select(f => f.P50)),
                Measure.Median(of.Select(f => f.P99)),
                Measure.Median(sizes[name].Select(b => b.Commands)),
                Measure.Median(sizes[name].Select(b => b.Milliseconds))
            );
        if (log.Head == 0)
            return 0;
        Report.Row("reading all, from the ring", await FromRingAsync(log));
        Report.Row("reading all, from PostgreSQL", await FromDatabaseAsync(log));
        Report.Row("bytes an event in mt_events, indexes included", await BytesAsync(log));
        return 0;
    }

    private static async Task<NpgsqlConnection> BeginLongQueryAsync(NpgsqlDataSource database)
    {
        var connection = await database.OpenConnectionAsync();
        await using var begin = new NpgsqlCommand(
            "begin isolation level repeatable read; select count(*) from log.mt_events",
            connection
        );
        await begin.ExecuteScalarAsync();
        return connection;
    }

    /// <summary>
    /// Creates WAL files for reuse, as on a server that has run for a while. Creating one delays the waiting commits by
    /// tens of milliseconds.
    /// </summary>
    private static async Task WarmUpAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("");
        command.CommandTimeout = 0;
        foreach (
            var sql in (string[])
                [
                    """
                        select count(pg_logical_emit_message(false, 'warm-up', repeat('x', 1000000)))
                        from generate_series(1, 1500)
                        """,
                    "checkpoint",
                ]
        )
        {
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task<NpgsqlDataSource> BareAsync(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.MaxAutoPrepare = 10;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 1;
        builder.ConnectionStringBuilder.MaxPoolSize = 64;
        builder.ConnectionStringBuilder.NoResetOnClose = true;
        var source = builder.Build();
        await using var create = source.CreateCommand(
            """
            create table bare (id bigint generated always as identity primary key, stream uuid not null,
                               type text not null, data jsonb not null)
            """
        );
        await create.ExecuteNonQueryAsync();
        return source;
    }

    private static async Task<int> InsertAsync(NpgsqlDataSource source, int rows, byte[] json)
    {
        await using var insert = source.CreateCommand(
            rows == 1
                ? "insert into bare (stream, type, data) values ($1, $2, $3)"
                : "insert into bare (stream, type, data) select * from unnest($1, $2, $3)"
        );
        if (rows == 1)
        {
            insert.Parameters.Add(new() { Value = Guid.CreateVersion7() });
            insert.Parameters.Add(new() { Value = "something_happened" });
            insert.Parameters.Add(new() { Value = json, NpgsqlDbType = NpgsqlDbType.Jsonb });
        }
        else
        {
            insert.Parameters.Add(
                new() { Value = Enumerable.Range(0, rows).Select(_ => Guid.CreateVersion7()).ToArray() }
            );
            insert.Parameters.Add(new() { Value = Enumerable.Repeat("something_happened", rows).ToArray() });
            insert.Parameters.Add(
                new()
                {
                    Value = Enumerable.Repeat(json, rows).ToArray(),
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb,
                }
            );
        }
        await insert.ExecuteNonQueryAsync();
        return rows;
    }

    /// <summary>
    /// Reads as projections and live topics do: pages of events after a position, over and over.
    /// </summary>
    private static async Task<double> FromRingAsync(EventLog log)
    {
        const int Laps = 40;
        long read = 0;
        var started = Stopwatch.GetTimestamp();
        for (var lap = 0; lap < Laps; lap++)
        for (
            var after = Math.Max(0, log.Head - 60_000);
            await log.ReadAfterAsync(after, 1000, CancellationToken.None) is { Count: > 0 } page;
            after = page[^1].Position
        )
            read += page.Count;
        return read / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> FromDatabaseAsync(EventLog log)
    {
        const long EventsMax = 500_000;
        long read = 0,
            after = 0;
        var started = Stopwatch.GetTimestamp();
        while (
            read < EventsMax
            && await log.Reader.ReadAsync(after, log.Head, 1000, null, null, CancellationToken.None)
                is { Count: > 0 } page
        )
            (read, after) = (read + page.Count, page[^1].Position);
        return read / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> BytesAsync(EventLog log)
    {
        await using var size = log.Database.CreateCommand(
            """
            select sum(pg_total_relation_size(inhrelid))::float8 / (select count(*) from log.mt_events)
            from pg_inherits where inhparent = 'log.mt_events'::regclass
            """
        );
        return (double)(await size.ExecuteScalarAsync())!;
    }
}
