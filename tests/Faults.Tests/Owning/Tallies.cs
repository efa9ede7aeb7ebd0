using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Faults.Tests.Load;

namespace Veza.Faults.Tests.Owning;

public sealed record Tally(Guid Command, int Events);

/// <summary>Counts each command's events in four shards: a skipped or doubled event shows for ever.</summary>
public sealed class Tallies : Projection<Tally, Guid>
{
    public const string ProjectionName = "faults.tallies.v1";

    /// <summary>Counts the differences between rows and log: 0 when each event was applied once.</summary>
    public const string Differences = """
        select count(*)
        from (select (data ->> 'command')::uuid as command, count(*) as events from log.mt_events group by 1) as logged
        full join views.faults_tallies_v1 t using (command) where t.events is distinct from logged.events
        """;

    public override string Name => ProjectionName;
    public override int Shards => 4;

    public Tallies() => Identity<Written>(e => e.Command);

    public static Tally Create(Written e) => new(e.Command, 1);

    public static Tally Apply(Written _, Tally row) => row with { Events = row.Events + 1 };

    /// <summary>Lets a node take its share.</summary>
    public static async Task<ProjectionHost> RunAsync(EventLog log, string connectionString)
    {
        var host = await ProjectionHost.OpenAsync(
            log,
            connectionString,
            [new Tallies()],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        host.Start();
        return host;
    }
}
