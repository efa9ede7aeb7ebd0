using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Projections;

/// <summary>
/// Runs the projections of a node, each at its own pace: a slow or faulted one delays no other. One node runs each
/// projection, or each shard, at a time.
/// </summary>
/// <remarks>Any thread may call it. Faults of projections are in their status and in the log.</remarks>
public sealed class ProjectionHost : IAsyncDisposable
{
    public const string Kind = "projection";

    private static readonly TimeSpan ServesLookEvery = TimeSpan.FromMilliseconds(500);

    private readonly EventLog _log;
    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<string, Part[]> _parts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Rebuilder _rebuilder;
    private readonly ReachedExchange _exchange;
    private Task _running = Task.CompletedTask;
    private Task<Dictionary<string, long>>? _look;
    private volatile Reached _reached = new(0, []);

    private ProjectionHost(
        EventLog log,
        string connectionString,
        IReadOnlyCollection<IProjection> projections,
        TimeProvider clock,
        ILoggerFactory loggers,
        Retries? retries
    )
    {
        _log = log;
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Projections };
        builder.ConnectionStringBuilder.Options = "-c synchronous_commit=off -c jit=off";
        builder.ConnectionStringBuilder.ApplicationName = NodeLeases.SessionName("projections", log.Coordinator.Node);
        builder.ConnectionStringBuilder.MaxAutoPrepare = 200;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.ConnectionStringBuilder.MaxPoolSize = log.Budget.Projections;
        // Builds move hundreds of megabytes each way; with Npgsql's 8 KiB that is as many calls of the system.
        builder.ConnectionStringBuilder.ReadBufferSize = 1 << 16;
        builder.ConnectionStringBuilder.WriteBufferSize = 1 << 16;
        _database = log.Connect(builder);
        _parts = projections.ToDictionary(
            p => p.Name,
            p =>
                Shards
                    .NamesOf(p)
                    .Select(
                        (name, shard) =>
                            new Part(
                                p.Name,
                                new(
                                    log,
                                    p.Part(shard, p.Shards),
                                    name,
                                    _database,
                                    clock,
                                    loggers.CreateLogger<ProjectionRunner>(),
                                    retries
                                )
                            )
                    )
                    .ToArray()
        );
        _rebuilder = new(log, projections, _database, clock, loggers.CreateLogger<Rebuilder>());
        _exchange = new(
            log,
            _database,
            () => _parts.Values.SelectMany(parts => parts).Where(part => part.Serves).Select(part => part.Runner),
            clock,
            loggers.CreateLogger<ReachedExchange>()
        );
        Builds = new(log.Database, projections.Select(p => p.Name).ToHashSet(), _rebuilder.Wake);
        LogMetrics.Meter.CreateObservableGauge(
            "veza.projection.lag",
            () => Measure(s => s.Lag),
            "{event}",
            "Events a projection is behind the head, on the node that runs it."
        );
        LogMetrics.Meter.CreateObservableGauge(
            "veza.projection.position",
            () => Measure(s => s.Position),
            "{position}",
            "How far a projection's rows are, on the node that runs it."
        );
        LogMetrics.Meter.CreateObservableGauge(
            "veza.projection.healthy",
            () => Measure(s => s.State == ProjectionState.Running ? 1 : 0),
            "{projection}",
            "1 while a projection runs; 0 while it is faulted, fenced, or stopped before an event it cannot apply. "
                + "On the node that runs it."
        );
    }

    /// <summary>
    /// Makes the projections' tables, so that queries find them, if empty, from the start. Nothing runs before
    /// <see cref="Start"/>.
    /// </summary>
    /// <param name="withdrawn">
    /// Projections, without their versions, that former releases had and this one has not: their rows are dropped.
    /// </param>
    /// <exception cref="ShardsApartException">
    /// The number of a projection's shards has changed, and cannot change now.
    /// </exception>
    public static async Task<ProjectionHost> OpenAsync(
        EventLog log,
        string connectionString,
        IReadOnlyCollection<IProjection> projections,
        TimeProvider clock,
        ILoggerFactory loggers,
        CancellationToken ct,
        Retries? retries = null,
        IReadOnlyCollection<string>? withdrawn = null
    )
    {
        var host = new ProjectionHost(log, connectionString, projections, clock, loggers, retries);
        // Over a connection that waits for the flush: a node relies on these tables for as long as it runs, also after
        // the database crashes.
        await using var connection = await log.Database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // One node at a time: "create … if not exists" alone can collide when several start together.
        await ServingTables.ExecuteAsync(Checkpoint.MakingLock, connection, transaction, ct);
        foreach (var name in withdrawn ?? [])
            await ServingTables.WithdrawAsync(name, connection, transaction, ct);
        var prepared = await PreparedProjections.FindAsync(projections, connection, transaction, ct);
        var others = projections.Where(projection => !prepared.Contains(projection.Name)).ToList();
        foreach (var projection in others)
            await ServingTables.PrepareAsync(projection, connection, transaction, ct);
        foreach (var projection in others)
            await Shards.DivideAsync(log, projection, connection, transaction, ct);
        await transaction.CommitAsync(ct);
        return host;
    }

    /// <summary>
    /// The projections' states on this node: of several shards the one furthest behind. For all nodes see
    /// <see cref="ProcessorStatus.StatusAsync"/>.
    /// </summary>
    public IReadOnlyList<ProjectionStatus> Status => [.. _parts.Select(p => Of(p.Key, p.Value))];

    /// <summary>The builds under way; any node may request one, also without the role.</summary>
    public Builds Builds { get; }

    /// <summary>Begins to take a share of the projections.</summary>
    public void Start() =>
        _running = Task.WhenAll(
            _parts
                .Values.SelectMany(parts => parts)
                .Select(part =>
                    Task.Run(() =>
                        _log.Coordinator.RunAsync(
                            part.Runner.Name,
                            Kind,
                            () => part.Runner.Status.Error,
                            part.RunAsync,
                            _stopping.Token
                        )
                    )
                )
                .Append(Task.Run(() => _rebuilder.RunAsync(_stopping.Token)))
                .Append(Task.Run(() => _exchange.AnswerAsync(_stopping.Token)))
        );

    /// <summary>
    /// Completes when every named projection, with all its shards, has reached <paramref name="position"/>, here or on
    /// the node that runs it.
    /// </summary>
    public async Task WaitAsync(IEnumerable<string> names, long position, CancellationToken ct)
    {
        var waitedFor = names.Distinct().SelectMany(name => _parts[name]).ToList();
        var again = false;
        while (waitedFor.Count > 0)
        {
            var here = waitedFor.Find(part => part.Serves);
            if (here is not null)
                await here.WaitHereAsync(position, ct);
            else
            {
                var reached = await LookElsewhereAsync(position, again).WaitAsync(ct);
                if (waitedFor.TrueForAll(part => reached.GetValueOrDefault(part.Base) >= position))
                    return;
                again = true;
            }
            waitedFor.RemoveAll(part => part.Serves && part.Runner.Position >= position);
        }
    }

    /// <summary>
    /// Whether every named projection has reached <paramref name="position"/>, as far as this node knows without a
    /// query. Allocates nothing.
    /// </summary>
    public bool HasReached(ReadOnlySpan<string> names, long position)
    {
        var elsewhere = _reached;
        foreach (var name in names)
        {
            foreach (var part in _parts[name])
                if (KnownPosition(part, elsewhere) < position)
                    return false;
        }
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _exchange.Dispose();
        await _database.DisposeAsync();
    }

    private long KnownPosition(Part part, Reached elsewhere)
    {
        if (part.Serves)
            return part.Runner.Position;
        // Positions from before a fork say nothing about those of the same numbers now.
        return elsewhere.HistoryGeneration == _log.HistoryGeneration
            ? elsewhere.Positions.GetValueOrDefault(part.Base)
            : 0;
    }

    /// <summary>
    /// Each view's position, by the projection without its version. All waiting callers, perhaps thousands, share one
    /// question.
    /// </summary>
    /// <param name="again">The last answer was too low; other nodes may know more soon.</param>
    private Task<Dictionary<string, long>> LookElsewhereAsync(long position, bool again)
    {
        lock (_parts)
        {
            if (_look is { IsCompleted: false })
                return _look;
            return _look = LookAsync(position, again);
        }
    }

    private async Task<Dictionary<string, long>> LookAsync(long position, bool again)
    {
        var generation = _log.HistoryGeneration;
        var positions = await _exchange.LookAsync(position, again, _stopping.Token);
        _reached = new(generation, positions);
        return positions;
    }

    private ProjectionStatus Of(string name, Part[] parts)
    {
        var here = parts
            .Where(p => p.Owned is not null)
            .Select(p => p.Runner.Status)
            .OrderBy(s => s.State == ProjectionState.Running)
            .ThenBy(s => s.Position)
            .FirstOrDefault();
        if (here is not null)
            return here with { Name = name };
        // The other nodes are unknown while the database does not answer.
        var position = parts.Min(p => p.Runner.Status.Position);
        return _log.Coordinator.Fault is { } away
            ? new(name, ProjectionState.Faulted, position, Math.Max(0, _log.Head - position), away)
            : new(name, ProjectionState.Elsewhere, position, 0, null);
    }

    /// <summary>Only projections that this node runs are measured.</summary>
    private IEnumerable<Measurement<long>> Measure(Func<ProjectionStatus, long> what) =>
        Status
            .Where(s => s.State != ProjectionState.Elsewhere)
            .Select(s => new Measurement<long>(what(s), new KeyValuePair<string, object?>("projection", s.Name)));

    /// <summary>All projections' positions as last read, and the log's generation then.</summary>
    private sealed record Reached(int HistoryGeneration, Dictionary<string, long> Positions);

    /// <summary>One checkpoint's runner, and whether this node runs it.</summary>
    private sealed class Part(string projection, ProjectionRunner runner)
    {
        /// <summary>The projection without its version: other nodes' progress is known by it.</summary>
        public string Base { get; } = ServingTables.BaseOf(projection);
        public ProjectionRunner Runner { get; } = runner;

        /// <summary>Completes when this node stops running it; null while it does not run it.</summary>
        public volatile TaskCompletionSource? Owned;

        /// <summary>Whether this node runs it and the view shows its rows.</summary>
        public bool Serves => Owned is not null && Runner.IsServing;

        public async Task RunAsync(CancellationToken ct)
        {
            var owned = Owned = new(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await Runner.RunAsync(ct);
            }
            finally
            {
                Owned = null;
                owned.SetResult();
            }
        }

        /// <summary>Completes when the position is reached, or may no longer be known here.</summary>
        public async Task WaitHereAsync(long position, CancellationToken ct)
        {
            if (Owned is not { } owned)
                return;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
            // Meanwhile a build may replace the rows by another version's, whose position the database has.
            await await Task.WhenAny(
                Runner.WaitAsync(position, either.Token),
                owned.Task,
                Task.Delay(ServesLookEvery, either.Token)
            );
            await either.CancelAsync();
        }
    }
}
