using Microsoft.Extensions.Logging;
using Npgsql;

namespace Veza.EventStore.Projections;

/// <summary>Runs every projection of a node, each at its own pace: a slow or faulted one holds up no other.</summary>
public sealed class ProjectionHost : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;
    private readonly Dictionary<string, ProjectionRunner> _runners;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public ProjectionHost(EventLog log, string connectionString, IEnumerable<IProjection> projections, TimeProvider clock, ILoggerFactory loggers)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.Options = "-c synchronous_commit=off -c jit=off";
        builder.ConnectionStringBuilder.ApplicationName = "veza-projections";
        builder.ConnectionStringBuilder.MaxAutoPrepare = 200;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.ConnectionStringBuilder.MaxPoolSize = 16;
        _database = builder.Build();
        _runners = projections.ToDictionary(p => p.Name, p => new ProjectionRunner(log, p, _database, clock, loggers.CreateLogger<ProjectionRunner>()));
        LogMetrics.Meter.CreateObservableGauge("veza.projection.lag", () => _runners.Values.Select(r =>
            new System.Diagnostics.Metrics.Measurement<long>(r.Status.Lag, new KeyValuePair<string, object?>("projection", r.Name))), "{event}", "Events a projection is behind the head.");
    }

    public IReadOnlyList<ProjectionStatus> Status => [.. _runners.Values.Select(r => r.Status)];

    public void Start() => _running = Task.WhenAll(_runners.Values.Select(r => Task.Run(() => r.RunAsync(_stopping.Token))));

    /// <summary>Completes when every named projection has reached <paramref name="position"/>.</summary>
    public Task WaitAsync(IEnumerable<string> names, long position, CancellationToken ct) => Task.WhenAll(names.Select(n => _runners[n].WaitAsync(position, ct)));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _database.DisposeAsync();
    }
}
