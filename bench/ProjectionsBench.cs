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
/// Rebuilding projections from the first event on, end to end: from the asking to the view that shows the rows. And how long after its commit an event is in the rows,
/// while others are appended.
/// </summary>
internal static class ProjectionsBench
{
    private static readonly (string Case, string Log, string[] Projections)[] Rebuilds =
    [
        ("single", "plays", ["music.history"]), ("multi", "counts", ["music.track_counts"]), ("rows", "messages", ["chat.messages"]),
        ("three", "mixed", ["chat.messages", "chat.reaction_tally", "music.track_counts"]), ("all", "mixed", []),
    ];

    public static async Task<int> RunAsync(Options options)
    {
        var rounds = options.Number("--rounds", 3);
        var millions = options.Numbers("--millions", [1, 5]);
        var only = options.Text("--only")?.Split(',');
        // In a folder that stays, the logs stay too: they can be made before, and measured on a quiet machine.
        await using var postgres = options.Text("--home") is { } folder ? await LocalPostgres.StartAsync(new(folder)) : await LocalPostgres.StartEphemeralAsync();
        var server = postgres.ConnectionString;
        Report.Machine($"rebuilds of the product's projections, {rounds} rounds, medians");
        Report.Head("events/s", "s", "rows", "RSS MB");
        foreach (var million in millions)
            foreach (var (name, kind, projections) in Rebuilds.Where(r => only?.Contains(r.Case) ?? r.Case != "three"))
            {
                var database = await ProjectionLog.FillAsync(server, kind, million * 1_000_000L);
                if (options.Has("--fill")) continue;
                List<(double Seconds, double Rows, double Megabytes)> figures = [];
                for (var round = 0; round < rounds; round++) figures.Add(await RebuildAsync(database, projections));
                Report.Row($"{name}: {(projections.Length == 0 ? "every projection" : string.Join(", ", projections))}, {million} million events",
                    million * 1_000_000 / Measure.Median(figures.Select(f => f.Seconds)), Measure.Median(figures.Select(f => f.Seconds)), Measure.Median(figures.Select(f => f.Rows)),
                    figures.Max(f => f.Megabytes));
            }
        if (only?.Contains("lag") ?? true) await LagAsync(server, options.Number("--seconds", 10));
        return 0;
    }

    private static async Task<(double Seconds, double Rows, double Megabytes)> RebuildAsync(string database, string[] names)
    {
        await using var log = await EventLog.OpenAsync(database, VezaApplication.EventTypes, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, keySecret: new byte[32]);
        IProjection[] projections = [.. VezaApplication.CreateProjections().Where(p => names.Length == 0 || names.Any(n => p.Name.StartsWith(n + ".v", StringComparison.Ordinal)))];
        await using var host = await ProjectionHost.OpenAsync(log, database, projections, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        // Those that serve are at the head and have nothing to do.
        foreach (var projection in projections)
            await ProjectionLog.RunAsync(log.Database, $"update log.mt_event_progression set last_seq_id = {log.Head} where split_part(name, '#', 1) = '{projection.Name}'");
        host.Start();
        using var memory = new MemoryMeter();
        var started = Stopwatch.GetTimestamp();
        foreach (var projection in projections) await host.Builds.RequestAsync(projection.Name, CancellationToken.None);
        while (await host.Builds.ListAsync(CancellationToken.None) is { Count: > 0 } builds)
        {
            if (builds.FirstOrDefault(b => b.Error is not null) is { } failed) throw new InvalidOperationException($"{failed.Name}: {failed.Error}");
            await Task.Delay(100);
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        long rows = 0;
        foreach (var projection in projections) rows += await ProjectionLog.AskAsync<long>(log.Database, $"select count(*) from views.{projection.Name.Replace('.', '_')}");
        return (seconds, rows, memory.PeakMegabytes);
    }

    /// <summary>All projections run; of the messages that are appended, one in fifty is looked for in the view from its acknowledgement on.</summary>
    private static async Task LagAsync(string server, int seconds)
    {
        const int PerSecond = 5000, LookedForOneIn = 50;
        var database = await ProjectionLog.FillAsync(server, "lag", 0);
        await using var log = await EventLog.OpenAsync(database, VezaApplication.EventTypes, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None, keySecret: new byte[32]);
        await using var host = await ProjectionHost.OpenAsync(log, database, VezaApplication.CreateProjections(), TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        host.Start();
        await using var readers = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database) { MaxAutoPrepare = 10, AutoPrepareMinUsages = 1 }.ConnectionString);
        List<double> lags = [];
        List<Task> sent = [];
        var started = Stopwatch.GetTimestamp();
        var warmUntil = TimeSpan.FromSeconds(3);
        for (var n = 0; Stopwatch.GetElapsedTime(started) < warmUntil + TimeSpan.FromSeconds(seconds);)
        {
            for (; n < Stopwatch.GetElapsedTime(started).TotalSeconds * PerSecond; n++) sent.Add(SendAsync(n % LookedForOneIn == 0));
            if (sent.Count > PerSecond) sent.RemoveAll(t => t.IsCompletedSuccessfully);
            await Task.Delay(1);
        }
        await Task.WhenAll(sent);
        var sorted = lags.Order().ToArray();
        Console.WriteLine($"{PerSecond} events/s appended for {seconds} s, all projections running: from acknowledgement to visible row P50 {sorted[sorted.Length / 2]:N1} ms, P99 {sorted[sorted.Length * 99 / 100]:N1} ms, {sorted.Length} looked for");

        async Task SendAsync(bool looksFor)
        {
            var (id, channel, author) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
            await log.Appender.AppendAsync(new(Guid.CreateVersion7(), [new(id, "message", 0, [new MessageSent(id, channel, author, "Has anybody heard the B-side of the new one yet?", null)])], []));
            if (!looksFor) return;
            var acknowledged = Stopwatch.GetTimestamp();
            await using var find = readers.CreateCommand("select 1 from views.chat_messages where message_id = $1");
            find.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
            while (await find.ExecuteScalarAsync() is null) await Task.Delay(1);
            if (Stopwatch.GetElapsedTime(started) < warmUntil) return;
            lock (lags) lags.Add(Stopwatch.GetElapsedTime(acknowledged).TotalMilliseconds);
        }
    }

    /// <summary>The most that this process had in memory while it was measured.</summary>
    private sealed class MemoryMeter : IDisposable
    {
        private readonly Timer _timer;
        private long _peak;

        public MemoryMeter() => _timer = new(_ =>
        {
            using var process = Process.GetCurrentProcess();
            _peak = Math.Max(_peak, process.WorkingSet64);
        }, null, 0, 200);

        public double PeakMegabytes => _peak / 1048576.0;
        public void Dispose() => _timer.Dispose();
    }
}
