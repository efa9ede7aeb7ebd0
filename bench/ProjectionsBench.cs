using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.Api;
using Veza.Domain.Chat.Messages;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.EventStore.Projections;
using EventLog = Veza.EventStore.EventLog;

namespace Veza.Bench;

/// <summary>
/// Rebuilds of projections from the first event, end to end: from the request to the view that shows the rows. Also the
/// lag from an event's commit to its row while others are appended.
/// </summary>
internal static class ProjectionsBench
{
    private static readonly (string Case, string Log, string[] Projections)[] Rebuilds =
    [
        ("single", "plays", ["music.history"]),
        ("multi", "counts", ["music.track_counts"]),
        ("rows", "messages", ["chat.messages"]),
        ("three", "mixed", ["chat.messages", "chat.reaction_tally", "music.track_counts"]),
        ("all", "mixed", []),
    ];

    public static async Task<int> RunAsync(Options options)
    {
        var rounds = options.Number("--rounds", 3);
        var millions = options.Numbers("--millions", [1, 5]);
        var only = options.Text("--only")?.Split(',');
        // With --home the logs stay: they can be created first and measured later on a quiet machine.
        await using var postgres = options.Text("--home") is { } folder
            ? await LocalPostgres.StartAsync(new(folder))
            : await LocalPostgres.StartEphemeralAsync();
        var server = postgres.ConnectionString;
        Report.Machine($"rebuilds of the product's projections, {rounds} rounds, medians");
        Report.Head("events/s", "s", "rows", "RSS MB");
        foreach (var million in millions)
        foreach (var (name, kind, projections) in Rebuilds.Where(r => only?.Contains(r.Case) ?? r.Case != "three"))
        {
            var database = await ProjectionLog.FillAsync(server, kind, million * 1_000_000L);
            if (options.Has("--fill"))
                continue;
            List<(double Seconds, double Rows, double Megabytes)> figures = [];
            for (var round = 0; round < rounds; round++)
                figures.Add(await RebuildAsync(database, projections));
            var which = projections.Length == 0 ? "every projection" : string.Join(", ", projections);
            Report.Row(
                $"{name}: {which}, {million} million events",
                million * 1_000_000 / Measure.Median(figures.Select(f => f.Seconds)),
                Measure.Median(figures.Select(f => f.Seconds)),
                Measure.Median(figures.Select(f => f.Rows)),
                figures.Max(f => f.Megabytes)
            );
        }
        if (only?.Contains("lag") ?? true)
            await LagAsync(server, options.Number("--seconds", 10));
        return 0;
    }

    private static async Task<(double Seconds, double Rows, double Megabytes)> RebuildAsync(
        string database,
        string[] names
    )
    {
        await using var log = await ProjectionLog.OpenAsync(database);
        IProjection[] projections =
        [
            .. VezaApplication
                .CreateProjections()
                .Where(p => names.Length == 0 || names.Any(n => p.Name.StartsWith(n + ".v", StringComparison.Ordinal))),
        ];
        await using var host = await ProjectionHost.OpenAsync(
            log,
            database,
            projections,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        // The serving projections are at the head and have nothing to do.
        foreach (var projection in projections)
            await ProjectionLog.RunAsync(
                log.Database,
                $"""
                update log.mt_event_progression set last_seq_id = {log.Head}
                where split_part(name, '#', 1) = '{projection.Name}'
                """
            );
        host.Start();
        using var memory = new MemoryMeter();
        var started = Stopwatch.GetTimestamp();
        foreach (var projection in projections)
            await host.Builds.RequestAsync(projection.Name, CancellationToken.None);
        while (await host.Builds.ListAsync(CancellationToken.None) is { Count: > 0 } builds)
        {
            if (builds.FirstOrDefault(b => b.Error is not null) is { } failed)
                throw new InvalidOperationException($"{failed.Name}: {failed.Error}");
            await Task.Delay(100);
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        long rows = 0;
        foreach (var projection in projections)
            rows += await ProjectionLog.AskAsync<long>(
                log.Database,
                $"select count(*) from views.{projection.Name.Replace('.', '_')}"
            );
        return (seconds, rows, memory.PeakMegabytes);
    }

    private static readonly TimeSpan WarmUpMax = TimeSpan.FromSeconds(45),
        WarmUpLookEvery = TimeSpan.FromSeconds(3);
    private const double CompilingShareMax = 0.03;

    /// <summary>
    /// All projections run. One in fifty appended messages is looked for in the view from its acknowledgement on.
    /// </summary>
    private static async Task LagAsync(string server, int seconds)
    {
        const int PerSecond = 5000,
            LookedForOneIn = 50;
        var database = await ProjectionLog.FillAsync(server, "lag", 0);
        await using var log = await ProjectionLog.OpenAsync(database);
        await using var host = await ProjectionHost.OpenAsync(
            log,
            database,
            VezaApplication.CreateProjections(),
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        // Each author's key is created with their first text. As on every site, most authors are not new.
        var (channels, authors) = (Ids(512), Ids(1000));
        List<double> lags = [];
        Dictionary<Guid, long> lookedFor = [];
        using var stopped = new CancellationTokenSource();
        List<Task> sent = [];
        var started = Stopwatch.GetTimestamp();
        // The measurement begins when the runtime has compiled the hot code.
        var (looked, compiled, warm) = (TimeSpan.Zero, TimeSpan.Zero, false);
        var warmUntil = WarmUpMax;
        var looking = Task.Run(LookAsync);
        for (var n = 0; Stopwatch.GetElapsedTime(started) < warmUntil + TimeSpan.FromSeconds(seconds); )
        {
            if (!warm && Stopwatch.GetElapsedTime(started) is var now && now - looked > WarmUpLookEvery)
            {
                var compiledNow = System.Runtime.JitInfo.GetCompilationTime();
                if (warm = compiledNow - compiled < CompilingShareMax * (now - looked))
                    warmUntil = now;
                (looked, compiled) = (now, compiledNow);
            }
            for (; n < Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond; n++)
                sent.Add(SendAsync(n, n % LookedForOneIn == 0));
            if (sent.Count > 2 * PerSecond)
                sent.RemoveAll(t => t.IsCompletedSuccessfully);
            await Task.Delay(1);
        }
        await Task.WhenAll(sent);
        await stopped.CancelAsync();
        await looking;
        var sorted = lags.Order().ToArray();
        Console.WriteLine(
            $"{PerSecond} events/s appended for {seconds} s, all projections running: "
                + $"from acknowledgement to visible row P50 {sorted[sorted.Length / 2]:N1} ms, "
                + $"P99 {sorted[sorted.Length * 99 / 100]:N1} ms, {sorted.Length} looked for, "
                + $"after {warmUntil.TotalSeconds:N0} s of warming up"
        );

        async Task SendAsync(int n, bool looksFor)
        {
            var id = Guid.CreateVersion7();
            var (channel, author) = (channels[id.GetHashCode() & (channels.Length - 1)], authors[n % authors.Length]);
            await log.Appender.AppendAsync(
                new(
                    Guid.CreateVersion7(),
                    [
                        new(
                            id,
                            "message",
                            0,
                            [
                                new MessageSent(
                                    id,
                                    channel,
                                    author,
                                    "Has anybody heard the B-side of the new one yet?",
                                    null
                                ),
                            ]
                        ),
                    ],
                    []
                )
            );
            if (looksFor)
                lock (lookedFor)
                    lookedFor.Add(id, Stopwatch.GetTimestamp());
        }

        static Guid[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7())];

        // One query for all of them, since one query for each would be most of the load.
        async Task LookAsync()
        {
            await using var readers = NpgsqlDataSource.Create(
                new NpgsqlConnectionStringBuilder(database)
                {
                    MaxAutoPrepare = 10,
                    AutoPrepareMinUsages = 1,
                }.ConnectionString
            );
            while (!stopped.IsCancellationRequested)
            {
                Guid[] ids;
                lock (lookedFor)
                    ids = [.. lookedFor.Keys];
                await using var find = readers.CreateCommand(
                    "select message_id from views.chat_messages where message_id = any ($1)"
                );
                find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
                await using var rows = await find.ExecuteReaderAsync();
                while (await rows.ReadAsync())
                    lock (lookedFor)
                        if (
                            lookedFor.Remove(rows.GetGuid(0), out var acknowledged)
                            && warm
                            && Stopwatch.GetElapsedTime(started) >= warmUntil
                        )
                            lags.Add(Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds);
                await Task.Delay(1);
            }
        }
    }

    /// <summary>The peak memory of this process during the measurement.</summary>
    private sealed class MemoryMeter : IDisposable
    {
        private readonly Timer _timer;
        private long _peak;

        public MemoryMeter() =>
            _timer = new(
                _ =>
                {
                    using var process = Process.GetCurrentProcess();
                    _peak = Math.Max(_peak, process.WorkingSet64);
                },
                null,
                0,
                200
            );

        public double PeakMegabytes => _peak / 1048576.0;

        public void Dispose() => _timer.Dispose();
    }
}
