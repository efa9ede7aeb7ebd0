using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Events;
using Veza.EventStore.Projections;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Projections;

public sealed record Sum(Guid Id, int Total, int Events);

/// <summary>Adds up, so that a skipped or doubled event shows. A test may fail or observe it at any event.</summary>
internal sealed class SumsProjection(
    string name = "test.sums.v1",
    int shards = 1,
    OnPoison onPoison = OnPoison.Stop,
    Action<Counted>? folding = null
) : IProjection
{
    private readonly Fold _fold = new(name);
    private readonly Action<Counted>? _folding = folding;

    public string Name => name;
    public int Shards => shards;
    public OnPoison OnPoison => onPoison;
    public IReadOnlySet<Type> Events => _fold.Events;
    public TableShape Table => _fold.Table;

    /// <summary>Runs after the rows are folded and before anything is written.</summary>
    public Func<Task> BeforeWrite { get; set; } = () => Task.CompletedTask;

    public IProjection Part(int shard, int of) => of == 1 ? this : _fold.Part(shard, of);

    public IProjectionRows Open(string table, RowsUse use) => new Watched(this, _fold.Open(table, use));

    private sealed class Watched(SumsProjection watching, IProjectionRows rows) : IProjectionRows
    {
        public bool IsFull => rows.IsFull;

        public async Task FoldAsync(
            NpgsqlConnection connection,
            IReadOnlyList<RecordedEvent> events,
            CancellationToken ct
        )
        {
            foreach (var e in events)
                watching._folding?.Invoke((Counted)e.Data!);
            await rows.FoldAsync(connection, events, ct);
            await watching.BeforeWrite();
        }

        public void AddWrites(NpgsqlBatch batch) => rows.AddWrites(batch);

        public Task CopyAsync(NpgsqlConnection connection, CancellationToken ct) => rows.CopyAsync(connection, ct);
    }

    private sealed class Fold : Projection<Sum, Guid>
    {
        private readonly string _name;
        public override string Name => _name;

        public Fold(string name)
        {
            _name = name;
            Identity<Counted>(e => e.Id);
            Index("total");
        }

        public static Sum Create(Counted e) => new(e.Id, e.By, 1);

        public static Sum Apply(Counted e, Sum row) => row with { Total = row.Total + e.By, Events = row.Events + 1 };
    }
}

internal static class Summing
{
    /// <summary>Three attempts within milliseconds.</summary>
    public static readonly Retries Quick = new(
        AttemptsMax: 3,
        WaitMin: TimeSpan.FromMilliseconds(1),
        WaitMax: TimeSpan.FromMilliseconds(2)
    );

    public static async Task<ProjectionHost> StartAsync(
        this EventLog log,
        string database,
        params IProjection[] projections
    )
    {
        var host = await ProjectionHost.OpenAsync(
            log,
            database,
            projections,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            Quick
        );
        host.Start();
        return host;
    }

    /// <summary>Appends one event to a stream of its own.</summary>
    public static async Task<Guid> CountAsync(this EventLog log, int by = 1, string note = "")
    {
        var stream = Guid.CreateVersion7();
        await log.Appender.AppendAsync(Command(Change(stream, 0, new Counted(stream, by, note))));
        return stream;
    }

    public static async Task<object?> AskAsync(this EventLog log, string sql)
    {
        await using var command = log.Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public static Task<object?> SumAsync(this EventLog log, string table = "views.test_sums") =>
        log.AskAsync($"select coalesce(sum(total), 0) from {table}");

    public static Task ReachesHeadAsync(this ProjectionHost host, EventLog log, string name = "test.sums.v1") =>
        host.WaitAsync([name], log.Head, TestContext.Current.CancellationToken);

    public static async Task<RunnerStatus> StatusAsync(this EventLog log, string name = "test.sums.v1") =>
        (await log.Processors.StatusAsync(TestContext.Current.CancellationToken)).Single(r => r.Name == name);

    public static async Task<RunnerStatus> UntilAsync(
        this EventLog log,
        Func<RunnerStatus, bool> so,
        string name = "test.sums.v1",
        [CallerArgumentExpression(nameof(so))] string what = ""
    )
    {
        RunnerStatus? status = null;
        await Eventually.TrueAsync(
            async () =>
            {
                status = (await log.Processors.StatusAsync(TestContext.Current.CancellationToken)).FirstOrDefault(r =>
                    r.Name == name
                );
                return status is not null && so(status);
            },
            what: what
        );
        return status!;
    }
}
