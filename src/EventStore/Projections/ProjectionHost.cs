using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Coordination;
using Veza.EventStore.Database;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Projections;

/// <summary>
/// Runs the projections of a node, each at its own pace: a slow or faulted one holds up no other. Of several nodes one
/// runs each of them, or each shard.
/// </summary>
public sealed class ProjectionHost : IAsyncDisposable
{
    public const string Kind = "projection";

    private static readonly TimeSpan ElsewherePollEvery = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan ServesLookEvery = TimeSpan.FromMilliseconds(500);

    private readonly EventLog _log;
    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<string, Part[]> _parts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _clock;
    private readonly Rebuilder _rebuilder;
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
        _clock = clock;
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = DataSources.Projections };
        builder.ConnectionStringBuilder.Options = "-c synchronous_commit=off -c jit=off";
        builder.ConnectionStringBuilder.ApplicationName = NodeLeases.SessionName("projections", log.Owners.Node);
        builder.ConnectionStringBuilder.MaxAutoPrepare = 200;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.ConnectionStringBuilder.MaxPoolSize = log.Shares.Projections;
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
            "1 while a projection runs; 0 while it is faulted, fenced, or stands before an event it cannot apply. On the node that runs it."
        );
    }

    /// <summary>
    /// Makes the projections' tables, so that they can be read, if empty, from the first moment on. Nothing runs before
    /// <see cref="Start"/>.
    /// </summary>
    /// <param name="withdrawn">
    /// Projections, without their versions, that former releases had and this one has not: their rows go.
    /// </param>
    /// <exception cref="ShardsApartException">
    /// A projection is to be divided into another number of shards, and cannot be now.
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
        // Over a connection that waits for the flush: what a node finds made when it starts is taken to be there as
        // long as it runs, whatever crashes.
        await using var connection = await log.Database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // One node at a time: "create … if not exists" alone can collide when several start together.
        await ServingTables.ExecuteAsync(Checkpoint.MakingLock, connection, transaction, ct);
        foreach (var name in withdrawn ?? [])
            await ServingTables.WithdrawAsync(name, connection, transaction, ct);
        foreach (var projection in projections)
            await ServingTables.PrepareAsync(projection, connection, transaction, ct);
        foreach (var projection in projections)
            await Shards.DivideAsync(log, projection, connection, transaction, ct);
        await transaction.CommitAsync(ct);
        return host;
    }

    /// <summary>
    /// How each is on this node: of the shards that run here, the one furthest behind. For all nodes see
    /// <see cref="ProcessorStatus.StatusAsync"/>.
    /// </summary>
    public IReadOnlyList<ProjectionStatus> Status => [.. _parts.Select(p => Of(p.Key, p.Value))];

    /// <summary>What is being built anew; a node without the role can ask for it too.</summary>
    public Builds Builds { get; }

    /// <summary>From now on this node takes its share of them.</summary>
    public void Start() =>
        _running = Task.WhenAll(
            _parts
                .Values.SelectMany(parts => parts)
                .Select(part =>
                    Task.Run(() =>
                        _log.Owners.RunAsync(
                            part.Runner.Name,
                            Kind,
                            () => part.Runner.Status.Error,
                            part.RunAsync,
                            _stopping.Token
                        )
                    )
                )
                .Append(Task.Run(() => _rebuilder.RunAsync(_stopping.Token)))
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
                var reached = await LookElsewhereAsync(again).WaitAsync(ct);
                if (waitedFor.TrueForAll(part => reached.GetValueOrDefault(part.Base) >= position))
                    return;
                again = true;
            }
            waitedFor.RemoveAll(part => part.Serves && part.Runner.Position >= position);
        }
    }

    /// <summary>
    /// Whether every named projection is known to have reached <paramref name="position"/>, without asking the
    /// database. Allocates nothing.
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
        await _database.DisposeAsync();
    }

    private long KnownPosition(Part part, Reached elsewhere)
    {
        if (part.Serves)
            return part.Runner.Position;
        // Positions of a history that was lost in a failover say nothing of those that have their numbers now.
        return elsewhere.HistoryGeneration == _log.HistoryGeneration
            ? elsewhere.Positions.GetValueOrDefault(part.Base)
            : 0;
    }

    /// <summary>
    /// How far each view is, by the projection without its version. Everybody who waits shares one question: there may
    /// be thousands.
    /// </summary>
    /// <param name="again">The last answer was not enough, and the next is hardly better at once.</param>
    private Task<Dictionary<string, long>> LookElsewhereAsync(bool again)
    {
        lock (_parts)
        {
            if (_look is { IsCompleted: false })
                return _look;
            return _look = LookAsync(again ? ElsewherePollEvery : TimeSpan.Zero);
        }
    }

    private async Task<Dictionary<string, long>> LookAsync(TimeSpan wait)
    {
        await Task.Delay(wait, _clock, _stopping.Token);
        var generation = _log.HistoryGeneration;
        var positions = await ServingTables.ReachedAsync(_database, _stopping.Token);
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
        // Nothing is known of the others while the database does not answer.
        var position = parts.Min(p => p.Runner.Status.Position);
        return _log.Owners.Fault is { } away
            ? new(name, ProjectionState.Faulted, position, Math.Max(0, _log.Head - position), away)
            : new(name, ProjectionState.Elsewhere, position, 0, null);
    }

    /// <summary>A node knows nothing of those that run elsewhere.</summary>
    private IEnumerable<Measurement<long>> Measure(Func<ProjectionStatus, long> what) =>
        Status
            .Where(s => s.State != ProjectionState.Elsewhere)
            .Select(s => new Measurement<long>(what(s), new KeyValuePair<string, object?>("projection", s.Name)));

    /// <summary>What the database last said of all projections, and after how many forks of the log.</summary>
    private sealed record Reached(int HistoryGeneration, Dictionary<string, long> Positions);

    /// <summary>One checkpoint's runner, and since when this node is to run it.</summary>
    private sealed class Part(string projection, ProjectionRunner runner)
    {
        /// <summary>The projection without its version, by which others' progress is known.</summary>
        public string Base { get; } = ServingTables.BaseOf(projection);
        public ProjectionRunner Runner { get; } = runner;

        /// <summary>Completed when it is no longer to be run here; null while it is not.</summary>
        public volatile TaskCompletionSource? Owned;

        /// <summary>Whether what this node knows of it is what the view shows.</summary>
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

        /// <summary>Completes when the position is reached, or when nobody knows here any longer.</summary>
        public async Task WaitHereAsync(long position, CancellationToken ct)
        {
            if (Owned is not { } owned)
                return;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
            // A build may give its rows' place to another version meanwhile, whose position is known to the database.
            await await Task.WhenAny(
                Runner.WaitAsync(position, either.Token),
                owned.Task,
                Task.Delay(ServesLookEvery, either.Token)
            );
            await either.CancelAsync();
        }
    }
}
