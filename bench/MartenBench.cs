using System.Collections.Concurrent;
using System.Diagnostics;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events;
using Marten.Events.Aggregation;
using Npgsql;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using Veza.EventStore.Postgres;
using EventLog = Veza.EventStore.EventLog;

namespace Veza.Bench;

public sealed record BenchDocument(Guid Id, string Text);

/// <summary>One document for each stream, as in most projections of Marten.</summary>
public sealed class BenchDocuments : SingleStreamProjection<BenchDocument, Guid>
{
    public override BenchDocument? Evolve(BenchDocument? snapshot, Guid id, IEvent e) =>
        e.Data is SomethingHappened happened ? new(id, happened.Text) : snapshot;
}

/// <summary>
/// Marten beside the log on one server, interleaved: its own tables in its best mode (the default of 9.58, prepared
/// statements), sessions that append to the log, and the log's own appender. Then its daemon over the log: rebuilds,
/// and the lag from an event's acknowledgement to its document.
/// </summary>
internal static class MartenBench
{
    private const int Streams = 10_240;

    /// <summary>One in so many events is looked for in its document.</summary>
    private const int LookedForOneIn = 10;

    public static async Task<int> RunAsync(Options options)
    {
        var (seconds, rounds, events) = (
            options.Number("--seconds", 5),
            options.Number("--rounds", 3),
            options.Number("--events", 100_000)
        );
        var only = options.Text("--only")?.Split(',') ?? ["append", "rebuild", "lag"];
        await using var postgres = await LocalPostgres.StartEphemeralAsync();
        await using var log = await BenchLog.OpenAsync(postgres.ConnectionString);
        Report.Machine(
            $"Marten {typeof(DocumentStore).Assembly.GetName().Version}; {rounds} rounds of {seconds} s, medians"
        );
        if (only.Contains("append"))
            await AppendAsync(postgres.ConnectionString, log, seconds, rounds);
        if (only.Contains("rebuild"))
            await RebuildAsync(postgres.ConnectionString, log, events);
        if (only.Contains("lag"))
            await LagAsync(postgres.ConnectionString, log, options.Number("--rate", 500), seconds);
        return 0;
    }

    private static async Task AppendAsync(string server, EventLog log, int seconds, int rounds)
    {
        await using var own = OwnTables(server);
        await own.Storage.ApplyAllConfiguredChangesToDatabaseAsync();
        await using var over = OverLog(server);
        var cases = new List<(string Name, int Callers, Func<int, Task<int>> Act)>();
        foreach (var callers in (int[])[64, 256])
        {
            cases.Add(Case("Marten, its own tables: expected version", own, callers, fetch: false));
            cases.Add(Case("Marten, its own tables: FetchForWriting", own, callers, fetch: true));
            cases.Add(Case("Marten, the log: expected version", over, callers, fetch: false));
            cases.Add(Case("Marten, the log: FetchForWriting", over, callers, fetch: true));
            var streams = new BenchLog();
            cases.Add(
                ($"log: expected version, {callers} callers", callers, caller =>
                    streams.AppendAsync(log, caller, callers)
                )
            );
        }
        var figures = cases.ToDictionary(c => c.Name, _ => new List<Figures>());
        for (var round = 0; round < rounds; round++)
            foreach (var (name, callers, act) in cases.OrderBy(_ => Random.Shared.Next()).ToArray())
                figures[name].Add(await Measure.ClosedLoopAsync(callers, TimeSpan.FromSeconds(seconds), act));
        Report.Head("per second", "P50 ms", "P99 ms");
        foreach (var (name, of) in figures)
            Report.Row(
                name,
                Measure.Median(of.Select(f => f.PerSecond)),
                Measure.Median(of.Select(f => f.P50)),
                Measure.Median(of.Select(f => f.P99))
            );
    }

    /// <summary>Appends one event to a stream of the caller at its version; 0 begins it.</summary>
    private static (string, int, Func<int, Task<int>>) Case(string name, DocumentStore store, int callers, bool fetch)
    {
        var ids = Enumerable.Range(0, Streams).Select(_ => Guid.CreateVersion7()).ToArray();
        var versions = new long[Streams];
        return ($"{name}, {callers} callers", callers, async caller =>
        {
            var stream = (Random.Shared.Next(Streams / callers) * callers) + caller;
            await using var session = store.LightweightSession();
            if (versions[stream] == 0)
                session.Events.StartStream<BenchDocument>(ids[stream], BenchLog.Event());
            else if (fetch)
                (await session.Events.FetchForWriting<BenchDocument>(ids[stream], versions[stream])).AppendOne(
                    BenchLog.Event()
                );
            else
                session.Events.Append(ids[stream], versions[stream] + 1, BenchLog.Event());
            await session.SaveChangesAsync();
            versions[stream]++;
            return 1;
        });
    }

    private static async Task RebuildAsync(string server, EventLog log, int events)
    {
        while (log.Head < events)
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => BenchLog.StartAsync(log)));
        await using var store = OverLog(server, options =>
            options.Projections.Add<BenchDocuments>(ProjectionLifecycle.Async, o => o.BatchSize = 1000)
        );
        await store.MakeDocumentTablesAsync(CancellationToken.None);
        using var daemon = await store.BuildProjectionDaemonAsync();
        var (head, started) = (log.Head, Stopwatch.GetTimestamp());
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(30));
        Report.Head("events/s", "s");
        var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Report.Row($"Marten's daemon, a document a stream, {head} events", head / took, took);
        await daemon.StopAllAsync();
    }

    private static async Task LagAsync(string server, EventLog log, int rate, int seconds)
    {
        await using var store = OverLog(server, options =>
            options.Projections.Add<BenchDocuments>(ProjectionLifecycle.Async)
        );
        await store.MakeDocumentTablesAsync(CancellationToken.None);
        // On an empty log Marten would wait for an event.
        await BenchLog.StartAsync(log);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await daemon.WaitForNonStaleData(TimeSpan.FromMinutes(30));
        var waiting = new ConcurrentDictionary<Guid, long>();
        var lags = new ConcurrentBag<float>();
        using var stop = new CancellationTokenSource();
        var looking = Task.Run(async () =>
        {
            await using var database = NpgsqlDataSource.Create(server);
            while (!stop.IsCancellationRequested || !waiting.IsEmpty)
            {
                await using var find = database.CreateCommand(
                    "select id from bench_documents.mt_doc_benchdocument where id = any ($1)"
                );
                find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. waiting.Keys] });
                await using var rows = await find.ExecuteReaderAsync();
                while (await rows.ReadAsync())
                    if (waiting.TryRemove(rows.GetGuid(0), out var at))
                        lags.Add((float)Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                await Task.Delay(1);
            }
        });
        var started = Stopwatch.GetTimestamp();
        List<Task> sent = [];
        while (Stopwatch.GetElapsedTime(started).TotalSeconds is var now && now < seconds)
        {
            while (sent.Count < now * rate)
                sent.Add(SendAsync(sent.Count));
            await Task.Delay(1);
        }
        await Task.WhenAll(sent);
        await stop.CancelAsync();
        await looking;
        await daemon.StopAllAsync();
        var all = lags.Order().ToArray();
        Report.Head("looked for", "P50 ms", "P99 ms");
        Report.Row(
            $"Marten's daemon, from acknowledgement to document, {rate}/s",
            all.Length,
            Measure.Percentile(all, 0.50),
            Measure.Percentile(all, 0.99)
        );

        async Task SendAsync(int number)
        {
            var id = Guid.CreateVersion7();
            await log.Appender.AppendAsync(
                new AppendRequest(Guid.CreateVersion7(), [new(id, "bench_document", 0, [BenchLog.Event()])], [])
            );
            if (number % LookedForOneIn == 0)
                waiting.TryAdd(id, Stopwatch.GetTimestamp());
        }
    }

    private static DocumentStore OwnTables(string server) =>
        DocumentStore.For(options =>
        {
            options.Connection(Tuned(server));
            options.DatabaseSchemaName = "marten_own";
            options.AutoCreateSchemaObjects = AutoCreate.CreateOrUpdate;
            options.UseSystemTextJsonForSerialization(casing: Weasel.Core.Casing.CamelCase);
            options.Events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
            options.Projections.Add<BenchDocuments>(ProjectionLifecycle.Live);
        });

    private static DocumentStore OverLog(string server, Action<StoreOptions>? more = null) =>
        DocumentStore.For(options =>
        {
            options.Connection(Tuned(server));
            options.DatabaseSchemaName = "bench_documents";
            options.OpenVezaLog(BenchLog.Types);
            if (more is null)
                options.Projections.Add<BenchDocuments>(ProjectionLifecycle.Live);
            else
                more(options);
        });

    private static string Tuned(string server) =>
        new NpgsqlConnectionStringBuilder(server)
        {
            MaxPoolSize = 40,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
        }.ConnectionString;
}
