using Npgsql;

namespace Veza.EventStore.Coordination;

public enum RunnerState
{
    /// <summary>A node runs it.</summary>
    Running,

    /// <summary>It makes no progress, or stopped before an event until an operator decides.</summary>
    Faulted,

    /// <summary>No node runs it now.</summary>
    Waiting,
}

/// <param name="Name">Of the projection or subscription; of one shard within <paramref name="Shards"/>.</param>
/// <param name="Kind">projection or subscription.</param>
/// <param name="Position">
/// Everything at or below it is applied or stored, but for parked events: of several shards the lowest. It is at most a
/// second old.
/// </param>
/// <param name="StandsAt">The event it stopped before; null when there is none.</param>
/// <param name="Skipped">Events skipped without being applied, until a rebuild.</param>
/// <param name="Node">The node that runs it; null when none does, or several run its shards.</param>
/// <param name="Shards">Empty when it is not divided.</param>
public sealed record RunnerStatus(
    string Name,
    string Kind,
    RunnerState State,
    long Position,
    long? StandsAt,
    long Skipped,
    Guid? Node,
    string? Error,
    IReadOnlyList<RunnerStatus> Shards
);

/// <summary>
/// The state of all projections, subscriptions and queues on all nodes, and the operator's decisions about parked
/// events.
/// </summary>
/// <remarks>It reads and writes the database: any node may answer. Any thread may call it.</remarks>
public sealed class ProcessorStatus
{
    private readonly NpgsqlDataSource _database;

    internal ProcessorStatus(NpgsqlDataSource database) => _database = database;

    /// <returns>In the order of their names; the shards of a projection are within it.</returns>
    public async Task<IReadOnlyList<RunnerStatus>> StatusAsync(CancellationToken ct)
    {
        await using var look = _database.CreateCommand(
            """
            select r.name, r.kind, coalesce(p.last_seq_id, 0), k.standing, coalesce(k.skipped, 0), n.id,
                   coalesce(k.error, r.fault)
            from log.runners r
            left join log.nodes n on n.id = r.node and n.seen >= clock_timestamp() - $1
            left join log.mt_event_progression p on p.name = r.name
            left join (
                select name, min(position) filter (where state = 'standing') as standing,
                       count(*) filter (where state <> 'standing') as skipped,
                       min(error) filter (where state = 'standing') as error
                from log.parked_events group by name) k on k.name = r.name
            """
        );
        look.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = WorkCoordinator.LeaseFor });
        var all = new List<RunnerStatus>();
        await using (var rows = await look.ExecuteReaderAsync(ct))
            while (await rows.ReadAsync(ct))
            {
                var standing = rows.GetFieldValue<long?>(3);
                var node = rows.GetFieldValue<Guid?>(5);
                var error = rows.IsDBNull(6) ? null : rows.GetString(6);
                var state = (standing, node, error) switch
                {
                    ({ }, _, _) => RunnerState.Faulted,
                    (_, null, _) => RunnerState.Waiting,
                    (_, _, null) => RunnerState.Running,
                    _ => RunnerState.Faulted,
                };
                all.Add(
                    new(
                        rows.GetString(0),
                        rows.GetString(1),
                        state,
                        rows.GetInt64(2),
                        standing,
                        rows.GetInt64(4),
                        node,
                        state == RunnerState.Faulted ? error : null,
                        []
                    )
                );
            }
        return [.. all.GroupBy(r => r.Name.Split('#')[0]).Select(Whole).OrderBy(r => r.Name, StringComparer.Ordinal)];
    }

    /// <summary>Has a projection that stopped before an event try it again.</summary>
    /// <remarks>
    /// Skipped events are not tried again: the rows have moved on, and a fold in another order has another result. A
    /// rebuild applies them.
    /// </remarks>
    /// <returns>The number of events.</returns>
    public Task<int> RetryAsync(string name, CancellationToken ct) =>
        DecideAsync(
            """
            with tried as (
                delete from log.parked_events
                where split_part(name, '#', 1) = $1 and state = 'standing' returning position)
            select count(*) from tried
            """,
            name,
            ct
        );

    /// <summary>Has a projection skip the event it stopped before; its status shows the skip until a rebuild.</summary>
    /// <returns>The number of events.</returns>
    public Task<int> SkipAsync(string name, CancellationToken ct) =>
        DecideAsync(
            """
            with passed as (
                update log.parked_events set state = 'skipped'
                where split_part(name, '#', 1) = $1 and state = 'standing' returning position)
            select count(*) from passed
            """,
            name,
            ct
        );

    private async Task<int> DecideAsync(string sql, string name, CancellationToken ct)
    {
        await using var decide = _database.CreateCommand(sql);
        decide.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (int)(long)(await decide.ExecuteScalarAsync(ct))!;
    }

    private static RunnerStatus Whole(IGrouping<string, RunnerStatus> parts)
    {
        if (parts.Count() == 1 && !parts.First().Name.Contains('#'))
            return parts.First();
        var shards = parts.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        var worst = shards.Find(s => s.State == RunnerState.Faulted)
            ?? shards.Find(s => s.State == RunnerState.Waiting)
            ?? shards[0];
        return new(
            parts.Key,
            worst.Kind,
            worst.State,
            shards.Min(s => s.Position),
            worst.StandsAt,
            shards.Sum(s => s.Skipped),
            shards.TrueForAll(s => s.Node == worst.Node) ? worst.Node : null,
            worst.Error,
            shards
        );
    }
}
