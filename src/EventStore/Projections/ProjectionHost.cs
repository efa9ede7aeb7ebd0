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
    private Task _running = Task.CompletedTask;
    private bool _started;

    private ProjectionHost(EventLog log, string connectionString, IEnumerable<IProjection> projections, TimeProvider clock, ILoggerFactory loggers)
    {
        _clock = clock;
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.ConnectionStringBuilder.Options = "-c synchronous_commit=off -c jit=off";
        builder.ConnectionStringBuilder.ApplicationName = "veza-projections";
        builder.ConnectionStringBuilder.MaxAutoPrepare = 200;
        builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        builder.ConnectionStringBuilder.MaxPoolSize = 16;
        _database = log.Connect(builder);
        _runners = projections.ToDictionary(p => p.Name, p => new ProjectionRunner(log, p, _database, clock, loggers.CreateLogger<ProjectionRunner>()));
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
        foreach (var sql in projections.SelectMany(p => p.TableSql).Prepend("select pg_advisory_xact_lock(7310573, 3)"))
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(ct);
        }
        await transaction.CommitAsync(ct);
        return host;
    }

    /// <summary>Whether this node runs them; where it does not, their <see cref="Status"/> says nothing.</summary>
    public bool IsRunning => _started;

    public IReadOnlyList<ProjectionStatus> Status => [.. _runners.Values.Select(r => r.Status)];

    public void Start()
    {
        _started = true;
        _running = Task.WhenAll(_runners.Values.Select(r => Task.Run(() => r.RunAsync(_stopping.Token))));
    }

    /// <summary>Completes when every named projection has reached <paramref name="position"/>, here or on the node that runs it.</summary>
    public async Task WaitAsync(IEnumerable<string> names, long position, CancellationToken ct)
    {
        if (_started)
        {
            foreach (var name in names) await _runners[name].WaitAsync(position, ct);
            return;
        }
        string[] waitedFor = [.. names.Distinct()];
        while (await ReachedElsewhereAsync(waitedFor, position, ct) < waitedFor.Length) await Task.Delay(ElsewherePollEvery, _clock, ct);
    }

    private async Task<long> ReachedElsewhereAsync(string[] names, long position, CancellationToken ct)
    {
        await using var command = _database.CreateCommand("select count(*) from log.mt_event_progression where name = any ($1) and last_seq_id >= $2");
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Which of the projections is furthest behind, and how far it has come: here, or by its checkpoint where another node runs it.</summary>
    public async Task<(string Name, long Position)> SlowestAsync(IReadOnlyList<string> names, CancellationToken ct)
    {
        if (_started) return names.Select(n => (n, _runners[n].Status.Position)).MinBy(p => p.Position);
        await using var command = _database.CreateCommand("""
            select n.name, coalesce(p.last_seq_id, 0) from unnest($1::text[]) n(name) left join log.mt_event_progression p using (name) order by 2, 1 limit 1
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. names] });
        await using var row = await command.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return (row.GetString(0), row.GetInt64(1));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        await _database.DisposeAsync();
    }
}
