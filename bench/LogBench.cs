using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;

namespace Veza.Bench;

public abstract record BenchEvent;

/// <summary>367 bytes of JSON with its note.</summary>
public sealed record SomethingHappened(Guid Id, Guid ChannelId, Guid AuthorId, string Text) : BenchEvent;

/// <summary>
/// The log against two baselines on the same server, interleaved: (a) one prepared single-row insert per transaction over 64 connections, (b) 64-row unnest
/// inserts over 4 connections, the physical limit. Durable: fsync and synchronous_commit are on.
/// </summary>
internal static class LogBench
{
    private const int Streams = 10_000;
    private const string Text =
        "Has anybody heard the B-side of the new one yet? The bass line alone is worth the price, and the break at 2:40 made me miss my stop. Listening party at nine tonight, bring headphones, bring friends \u2014 #general";

    public static async Task<int> RunAsync(string[] args)
    {
        var seconds = Option(args, "--seconds", 5);
        var rounds = Option(args, "--rounds", 3);
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        var types = EventTypes.DerivedFrom(typeof(BenchEvent));
        await using var log = await EventLog.OpenAsync(postgres.ConnectionString, types, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var json = types.Write(Event());
        Console.WriteLine($"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} cores, .NET {Environment.Version}; event of {json.Length} bytes of JSON; {rounds} rounds of {seconds} s, medians");
        await using var bare = await BareAsync(postgres.ConnectionString);

        var streams = Enumerable.Range(0, Streams).Select(_ => Guid.CreateVersion7()).ToArray();
        var seen = new (long Version, long Position)[Streams];
        var cases = new (string Name, int Callers, Func<int, Task<int>> Act)[]
        {
            ("(a) bare single-row insert, 64 connections", 64, _ => InsertAsync(bare, 1, json)),
            ("(b) bare 64-row unnest insert, 4 connections", 4, _ => InsertAsync(bare, 64, json)),
            ("log: existing stream, expected version, 64 callers", 64, caller => AppendAsync(log, streams, seen, caller, 64)),
            ("log: existing stream, expected version, 256 callers", 256, caller => AppendAsync(log, streams, seen, caller, 256)),
            ("log: new stream per command, 64 callers", 64, _ => StartAsync(log)),
            ("log: new stream per command, 256 callers", 256, _ => StartAsync(log)),
            ("bare insert, one caller", 1, _ => InsertAsync(bare, 1, json)),
            ("log: one caller", 1, caller => AppendAsync(log, streams, seen, caller, 1)),
        };
        var figures = cases.ToDictionary(c => c.Name, _ => new List<Figures>());
        for (var round = 0; round < rounds; round++)
            foreach (var (name, callers, act) in cases) figures[name].Add(await Measure.ClosedLoopAsync(callers, TimeSpan.FromSeconds(seconds), act));

        Console.WriteLine($"{"",-54}{"per second",12}{"P50 ms",10}{"P99 ms",10}");
        foreach (var (name, of) in figures)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-54}{Measure.Median(of.Select(f => f.PerSecond)),12:N0}{Measure.Median(of.Select(f => f.P50)),10:N2}{Measure.Median(of.Select(f => f.P99)),10:N2}"));
        await ReadAsync(log);
        await SizeAsync(log);
        return 0;
    }

    private static SomethingHappened Event() => new(Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Text);

    /// <summary>Each caller has streams of its own, picked at random, so that the expected version is known and every command is accepted.</summary>
    private static async Task<int> AppendAsync(EventLog log, Guid[] streams, (long Version, long Position)[] seen, int caller, int callers)
    {
        var stream = (Random.Shared.Next(Streams / callers) * callers) + caller;
        var outcome = await log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(streams[stream], "bench", seen[stream].Version, [Event()], seen[stream].Position)], []));
        if (outcome is not AppendOutcome.Accepted accepted) throw new InvalidOperationException($"expected to be accepted, was {outcome}");
        seen[stream] = (accepted.Version, accepted.Position);
        return 1;
    }

    private static async Task<int> StartAsync(EventLog log)
    {
        await log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(Guid.CreateVersion7(), "bench", 0, [Event()])], []));
        return 1;
    }

    private static async Task<NpgsqlDataSource> BareAsync(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.MaxAutoPrepare = 10;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 1;
        builder.ConnectionStringBuilder.MaxPoolSize = 64;
        builder.ConnectionStringBuilder.NoResetOnClose = true;
        var source = builder.Build();
        await using var create = source.CreateCommand("create table bare (id bigint generated always as identity primary key, stream uuid not null, type text not null, data jsonb not null)");
        await create.ExecuteNonQueryAsync();
        return source;
    }

    private static async Task<int> InsertAsync(NpgsqlDataSource source, int rows, byte[] json)
    {
        var text = System.Text.Encoding.UTF8.GetString(json);
        await using var insert = source.CreateCommand(rows == 1
            ? "insert into bare (stream, type, data) values ($1, $2, $3)"
            : "insert into bare (stream, type, data) select * from unnest($1, $2, $3)");
        if (rows == 1)
        {
            insert.Parameters.Add(new() { Value = Guid.CreateVersion7() });
            insert.Parameters.Add(new() { Value = "something_happened" });
            insert.Parameters.Add(new() { Value = text, NpgsqlDbType = NpgsqlDbType.Jsonb });
        }
        else
        {
            insert.Parameters.Add(new() { Value = Enumerable.Range(0, rows).Select(_ => Guid.CreateVersion7()).ToArray() });
            insert.Parameters.Add(new() { Value = Enumerable.Repeat("something_happened", rows).ToArray() });
            insert.Parameters.Add(new() { Value = Enumerable.Repeat(text, rows).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb });
        }
        await insert.ExecuteNonQueryAsync();
        return rows;
    }

    private static async Task ReadAsync(EventLog log)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        long read = 0, after = 0;
        while (await log.Reader.ReadAsync(after, log.Head, 1000, null, null, CancellationToken.None) is { Count: > 0 } page && read < 500_000)
            (read, after) = (read + page.Count, page[^1].Position);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"reading all from PostgreSQL",-54}{read / System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds,12:N0}"));
    }

    private static async Task SizeAsync(EventLog log)
    {
        await using var size = log.Database.CreateCommand("select sum(pg_total_relation_size(inhrelid)) / (select count(*) from log.mt_events) from pg_inherits where inhparent = 'log.mt_events'::regclass");
        var bytes = await size.ExecuteScalarAsync();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"bytes an event in mt_events, indexes included",-54}{bytes,12:N0}"));
    }

    private static int Option(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length && int.TryParse(args[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
    }
}
