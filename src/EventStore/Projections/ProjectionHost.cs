using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>Runs every projection of a node, each at its own pace: a slow or faulted one holds up no other.</summary>
public sealed class ProjectionHost : IAsyncDisposable
{
    private static readonly TimeSpan ElsewherePollEvery = TimeSpan.FromMilliseconds(50);

    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<string, ProjectionRunner> _runners;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _clock;
    private readonly Rebuilder _rebuilder;
    private Task _running = Task.CompletedTask;
    private bool _started;

    private ProjectionHost(EventLog log, string connectionString, IReadOnlyCollection<IProjection> projections, TimeProvider clock, ILoggerFactory loggers)
    {
        _clock = clock;
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.Options = "-c synchronous_commit=off -c jit=off";
        builder.ConnectionStringBuilder.ApplicationName = "veza-projections";
        builder.ConnectionStringBuilder.MaxAutoPrepare = 200;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.ConnectionStringBuilder.MaxPoolSize = 16;
        // Builds move hundreds of megabytes each way; with Npgsql's 8 KiB that is as many calls of the system.
        builder.ConnectionStringBuilder.ReadBufferSize = 1 << 16;
        builder.ConnectionStringBuilder.WriteBufferSize = 1 << 16;
        _database = log.Connect(builder);
        _runners = projections.ToDictionary(p => p.Name, p => new ProjectionRunner(log, p, _database, clock, loggers.CreateLogger<ProjectionRunner>()));
        _rebuilder = new(log, projections, _database, clock, loggers.CreateLogger<Rebuilder>());
        Builds = new(_database, projections.Select(p => p.Name).ToHashSet(), _rebuilder.Wake);
        LogMetrics.Meter.CreateObservableGauge("veza.projection.lag", () => Running.Select(r =>
            new System.Diagnostics.Metrics.Measurement<long>(r.Status.Lag, new KeyValuePair<string, object?>("projection", r.Name))), "{event}", "Events a projection is behind the head.");
        LogMetrics.Meter.CreateObservableGauge("veza.projection.position", () => Running.Select(r =>
            new System.Diagnostics.Metrics.Measurement<long>(r.Status.Position, new KeyValuePair<string, object?>("projection", r.Name))), "{position}", "How far a projection's rows are.");
        LogMetrics.Meter.CreateObservableGauge("veza.projection.healthy", () => Running.Select(r =>
            new System.Diagnostics.Metrics.Measurement<int>(r.Status.State == ProjectionState.Running ? 1 : 0, new KeyValuePair<string, object?>("projection", r.Name))),
            "{projection}", "1 while a projection runs; 0 while it is faulted or fenced.");
    }

    /// <summary>A node without the role knows nothing of how far they are elsewhere.</summary>
    private IEnumerable<ProjectionRunner> Running => _started ? _runners.Values : [];

    /// <summary>Makes the projections' tables, so that they can be read, if empty, from the first moment on. Nothing runs before <see cref="Start"/>.</summary>
    public static async Task<ProjectionHost> OpenAsync(
        EventLog log, string connectionString, IReadOnlyCollection<IProjection> projections, TimeProvider clock, ILoggerFactory loggers, CancellationToken ct)
    {
        var host = new ProjectionHost(log, connectionString, projections, clock, loggers);
        await using var connection = await host._database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        // One node at a time: "create … if not exists" alone can collide when several start together.
        await ServingTables.ExecuteAsync("select pg_advisory_xact_lock(7310573, 3)", connection, transaction, ct);
        foreach (var projection in projections) await ServingTables.PrepareAsync(projection, connection, transaction, ct);
        await transaction.CommitAsync(ct);
        return host;
    }

    /// <summary>Whether this node runs them; where it does not, their <see cref="Status"/> says nothing.</summary>
    public bool IsRunning => _started;

    /// <summary>What is being built anew; a node without the role can ask for it too.</summary>
    public Builds Builds { get; }

    public IReadOnlyList<ProjectionStatus> Status => [.. _runners.Values.Select(r => r.Status)];

    public void Start()
    {
        _started = true;
        _running = Task.WhenAll(_runners.Values.Select(r => Task.Run(() => r.RunAsync(_stopping.Token))).Append(Task.Run(() => _rebuilder.RunAsync(_stopping.Token))));
    }

    /// <summary>Completes when the rows that every named projection's view shows have reached <paramref name="position"/>: this version's or another's, kept here or elsewhere.</summary>
    public async Task WaitAsync(IEnumerable<string> names, long position, CancellationToken ct)
    {
        string[] waitedFor = [.. names.Distinct()];
        // What a runner here has come to is so of every table that its view shows then or later, as no swap goes back.
        var here = _started ? Task.WhenAll(waitedFor.Select(name => _runners[name].WaitAsync(position, ct))) : Task.Delay(Timeout.Infinite, ct);
        while (await Task.WhenAny(here, Task.Delay(ElsewherePollEvery, _clock, ct)) != here)
        {
            ct.ThrowIfCancellationRequested();
            if (await ServingTables.ReachedAsync(waitedFor, position, _database, ct) == waitedFor.Length) return;
        }
        await here;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _database.DisposeAsync();
    }
}
