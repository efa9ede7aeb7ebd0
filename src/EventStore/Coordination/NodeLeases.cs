using Npgsql;

namespace Veza.EventStore.Coordination;

/// <summary>The statements over <c>log.nodes</c> and <c>log.runners</c>. All times are the database's.</summary>
internal static class NodeLeases
{
    /// <summary>Of <c>log.nodes n</c>: whether the node has a session in this database.</summary>
    private const string HasSession =
        "exists (select from pg_stat_activity a "
        + "where right(a.application_name, 36) = n.id::text and a.datname = current_database())";

    /// <summary>The name of a node's sessions; it ends in the node's id.</summary>
    public static string SessionName(string what, Guid node) => $"veza-{what} {node}";

    /// <summary>
    /// Renews the node's row, removes nodes that are gone, and reads the rest and their work.
    /// </summary>
    /// <param name="absentAfter">
    /// A node without a session in the database is gone when it was not seen for this long; one with a session, after
    /// <see cref="WorkCoordinator.LeaseFor"/>.
    /// </param>
    /// <remarks>
    /// A node that was stopped in the middle of a transaction keeps the locks on the rows it wrote, and its successor
    /// would wait for them: its sessions are ended. Its own row is skipped while it is locked.
    /// </remarks>
    public static async Task<ClusterView> RenewAsync(
        NpgsqlDataSource database,
        Guid node,
        IReadOnlyCollection<string> runs,
        TimeSpan absentAfter,
        CancellationToken ct
    )
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        var lease = new NpgsqlParameter<TimeSpan> { TypedValue = WorkCoordinator.LeaseFor };
        Add(
            """
            insert into log.nodes (id, runs, seen) values ($1, $2, clock_timestamp())
            on conflict (id) do update set runs = excluded.runs, seen = excluded.seen
            """,
            new NpgsqlParameter<Guid> { TypedValue = node },
            new NpgsqlParameter<string[]> { TypedValue = [.. runs] }
        );
        Add(
            """
            select count(pg_terminate_backend(a.pid))
            from log.nodes n join pg_stat_activity a on right(a.application_name, 36) = n.id::text
            where n.seen < clock_timestamp() - $1 and a.datname = current_database()
            """,
            lease
        );
        var absent = new NpgsqlParameter<TimeSpan> { TypedValue = absentAfter };
        Add(
            $"""
            delete from log.nodes where id in (
                select id from log.nodes n where seen < clock_timestamp() - $2
                and (seen < clock_timestamp() - $1 or not {HasSession}) for update skip locked)
            """,
            lease.Clone(),
            absent
        );
        Add(
            $"""
            select * from (
                select n.id, n.runs, clock_timestamp() - n.since as age,
                    n.seen + case when {HasSession} then $1 else $2 end - clock_timestamp() as ends_in
                from log.nodes n) as known
            where ends_in >= interval '0'
            """,
            lease.Clone(),
            absent.Clone()
        );
        Add("select name, node from log.runners");
        await using var rows = await batch.ExecuteReaderAsync(ct);
        // Of the first three statements one returns a row.
        await rows.NextResultAsync(ct);
        var candidates = new Dictionary<Guid, Candidate>();
        var endsIn = WorkCoordinator.LeaseFor;
        while (await rows.ReadAsync(ct))
        {
            candidates[rows.GetGuid(0)] = new(
                rows.GetFieldValue<string[]>(1).ToHashSet(),
                rows.GetFieldValue<TimeSpan>(2)
            );
            var left = rows.GetFieldValue<TimeSpan>(3);
            if (left < endsIn)
                endsIn = left;
        }
        await rows.NextResultAsync(ct);
        var owners = new Dictionary<string, Guid?>();
        while (await rows.ReadAsync(ct))
            owners[rows.GetString(0)] =
                !rows.IsDBNull(1) && candidates.ContainsKey(rows.GetGuid(1)) ? rows.GetGuid(1) : null;
        return new(candidates, owners, endsIn);

        void Add(string sql, params NpgsqlParameter[] parameters)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddRange(parameters);
            batch.BatchCommands.Add(command);
        }
    }

    /// <returns>Nodes that have a lease and sessions in the database; one that was killed has no session.</returns>
    public static async Task<int> CountAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var count = database.CreateCommand($"select count(*)::int from log.nodes n where {HasSession}");
        return (int)(await count.ExecuteScalarAsync(ct))!;
    }

    /// <summary>
    /// Inserts rows for new names, and waits for the flush, which nothing else here does: a name is registered once,
    /// and after a crash that lost its row it would never run.
    /// </summary>
    public static async Task RegisterAsync(
        NpgsqlDataSource database,
        Dictionary<string, string> kinds,
        CancellationToken ct
    )
    {
        await using var register = database.CreateCommand(
            """
            insert into log.runners (name, kind)
            select u.name, u.kind
            from unnest($1, $2) as u(name, kind), set_config('synchronous_commit', 'on', true)
            on conflict (name) do update set kind = excluded.kind where runners.kind <> excluded.kind
            """
        );
        register.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. kinds.Keys] });
        register.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. kinds.Values] });
        await register.ExecuteNonQueryAsync(ct);
    }

    /// <returns>The names that the node got; another node was quicker with the rest.</returns>
    public static async Task<HashSet<string>> TakeAsync(
        NpgsqlDataSource database,
        Guid node,
        List<string> names,
        CancellationToken ct
    )
    {
        await using var take = database.CreateCommand(
            """
            update log.runners r set node = $1, since = clock_timestamp(), fault = null
            where name = any ($2) and (node is null or not exists (
                select from log.nodes n where n.id = r.node and n.seen >= clock_timestamp() - $3))
            returning name
            """
        );
        take.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = node });
        take.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. names] });
        take.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = WorkCoordinator.LeaseFor });
        await using var rows = await take.ExecuteReaderAsync(ct);
        var taken = new HashSet<string>();
        while (await rows.ReadAsync(ct))
            taken.Add(rows.GetString(0));
        return taken;
    }

    /// <summary>Gives up the names that are the node's, and notifies the other nodes.</summary>
    public static async Task GiveBackAsync(
        NpgsqlDataSource database,
        Guid node,
        IReadOnlyCollection<string> names,
        CancellationToken ct
    )
    {
        await using var give = database.CreateCommand(
            """
            with given as (
                update log.runners set node = null, since = clock_timestamp(), fault = null
                where node = $1 and name = any ($2) returning name)
            select pg_notify($3, '') from given limit 1
            """
        );
        give.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = node });
        give.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. names] });
        give.Parameters.Add(new NpgsqlParameter<string> { TypedValue = WorkCoordinator.Channel });
        await give.ExecuteNonQueryAsync(ct);
    }

    public static async Task WriteFaultsAsync(
        NpgsqlDataSource database,
        Guid node,
        Dictionary<string, string?> faults,
        CancellationToken ct
    )
    {
        await using var write = database.CreateCommand(
            """
            update log.runners r set fault = given.fault from unnest($2, $3) as given(name, fault)
            where r.name = given.name and r.node = $1 and r.fault is distinct from given.fault
            """
        );
        write.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = node });
        write.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. faults.Keys] });
        write.Parameters.Add(new NpgsqlParameter<string?[]> { TypedValue = [.. faults.Values] });
        await write.ExecuteNonQueryAsync(ct);
    }
}
