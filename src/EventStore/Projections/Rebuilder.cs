using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Concurrency;

namespace Veza.EventStore.Projections;

/// <summary>
/// Looks after the builds that are asked for: a few of them at a time on this node, each on one node only.
/// </summary>
internal sealed class Rebuilder(
    EventLog log,
    IReadOnlyCollection<IProjection> projections,
    NpgsqlDataSource database,
    TimeProvider clock,
    ILogger logger
)
{
    /// <summary>
    /// Longer than a reader's query takes; who reads for longer keeps the table from being dropped until done.
    /// </summary>
    public const int RetiredGraceSeconds = 60;

    /// <summary>While one waits for its rows to be written, another folds.</summary>
    private const int BuildsAtOnce = 2;

    /// <summary>
    /// Rows in memory, of all builds together: the more, the more changes of one row are written once. A node that
    /// builds serves as well.
    /// </summary>
    private const int RowBytesMax = 32 << 20;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Wakeup _lookNow = new();
    private readonly Dictionary<string, IProjection> _projections = projections.ToDictionary(p => p.Name);

    /// <summary>Spares a build that was asked for on this node the wait for the next look.</summary>
    public void Wake() => _lookNow.Set();

    public async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var names = await FindAsync(ct);
                // One that is alone has all of it.
                var rowBytesMax = RowBytesMax / Math.Clamp(names.Count, 1, BuildsAtOnce);
                await Parallel.ForEachAsync(
                    names,
                    new ParallelOptions { MaxDegreeOfParallelism = BuildsAtOnce, CancellationToken = ct },
                    async (name, _) =>
                        await new ProjectionBuild(
                            log,
                            _projections[name],
                            database,
                            clock,
                            rowBytesMax,
                            logger
                        ).RunAsync(ct)
                );
                await using (var connection = await database.OpenConnectionAsync(ct))
                    await ServingTables.DropRetiredAsync(RetiredGraceSeconds, connection, ct);
                await _lookNow.WaitAsync(LookEvery, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                break;
            }
            catch (Exception fault)
            {
                logger.LogWarning(
                    "Looking after the builds of projections failed and is tried again: {Reason}",
                    fault.Message
                );
                try
                {
                    await Task.Delay(LookEvery, clock, ct);
                }
                catch (OperationCanceledException)
                {
                    break;
                }
            }
        }
    }

    private async Task<List<string>> FindAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var find = new NpgsqlCommand(
            "select name from log.builds where name = any ($1) order by error is not null, at, name",
            connection
        );
        find.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. _projections.Keys] });
        await using var row = await find.ExecuteReaderAsync(ct);
        List<string> names = [];
        while (await row.ReadAsync(ct))
            names.Add(row.GetString(0));
        return names;
    }
}
