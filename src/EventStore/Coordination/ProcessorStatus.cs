using Npgsql;

namespace Veza.EventStore.Coordination;

public enum RunnerState
{
    /// <summary>A node runs it.</summary>
    Running,

    /// <summary>It does not get on, or stands before an event until an operator decides.</summary>
    Faulted,

    /// <summary>No node runs it now.</summary>
    Waiting,
}

/// <param name="Name">Of the projection or subscription; of one shard within <paramref name="Shards"/>.</param>
/// <param name="Kind">projection or subscription.</param>
/// <param name="Position">
/// Everything at or below it is applied or stored, parked events apart: of several shards the lowest. A second old at
/// most.
/// </param>
/// <param name="StandsAt">The event it stands before; null when it stands before none.</param>
/// <param name="Skipped">Events gone past without being applied, until a rebuild.</param>
/// <param name="Node">Who runs it; null when nobody does, and when its shards run on several.</param>
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
/// All that runs behind the log, on whichever node, as the database has it; and what an operator may do about parked
/// events.
/// </summary>
public sealed class ProcessorStatus
{
    private readonly NpgsqlDataSource _database;

    internal ProcessorStatus(NpgsqlDataSource database) => _database = database;

    /// <returns>In the order of their names; the shards of a projection are within it.</returns>
    public async Task<IReadOnlyList<RunnerStatus>> StatusAsync(CancellationToken ct)
    {
        await using var look = _database.CreateCommand(
            """
            select r.name, r.kind, coalesce(p.last_seq_id, 0), k.standing, coalesce(k.skipped, 0), n.id, coalesce(k.error, r.fault)
            from log.runners r
            left join log.nodes n on n.id = r.node and n.seen >= clock_timestamp() - $1
            left join log.mt_event_progression p on p.name = r.name
            left join (select name, min(position) filter (where state = 'standing') as standing, count(*) filter (where state <> 'standing') as skipped,
                              min(error) filter (where state = 'standing') as error from log.parked_events group by name) k on k.name = r.name
            """
        );
        look.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = WorkCoordinator.LeaseFor });
        var all = new List<RunnerStatus>();
        await using (var rows = await look.ExecuteReaderAsync(ct))
            while (await rows.ReadAsync(ct))
            {
                var (standing, node, error) = (
                    rows.GetFieldValue<long?>(3),
                    rows.GetFieldValue<Guid?>(5),
                    rows.IsDBNull(6) ? null : rows.GetString(6)
                );
                var state =
                    standing is not null ? RunnerState.Faulted
                    : node is null ? RunnerState.Waiting
                    : error is null ? RunnerState.Running
                    : RunnerState.Faulted;
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

    /// <summary>A projection that stands before an event tries it again.</summary>
    /// <remarks>
    /// What it skipped it cannot be given again: its rows have moved on, and a fold in another order is another fold.
    /// A rebuild does that.
    /// </remarks>
    /// <returns>How many events that concerns.</returns>
    public Task<int> RetryAsync(string name, CancellationToken ct) =>
        DecideAsync(
            """
            with tried as (
                delete from log.parked_events where split_part(name, '#', 1) = $1 and state = 'standing' returning position)
            select count(*) from tried
            """,
            name,
            ct
        );

    /// <summary>A projection goes past the event it stands before, and says for ever that it did.</summary>
    /// <returns>How many events that concerns.</returns>
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
