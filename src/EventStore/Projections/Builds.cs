using Npgsql;

namespace Veza.EventStore.Projections;

/// <param name="Position">Everything up to it is in the build's table.</param>
/// <param name="Events">Events of the projection folded so far.</param>
/// <param name="PerSecond">Recent positions per second; null at the beginning.</param>
/// <param name="SecondsLeft">Until the head at that rate.</param>
public sealed record BuildStatus(
    string Name,
    long Position,
    long Head,
    long Events,
    double? PerSecond,
    double? SecondsLeft,
    string? Error
);

/// <summary>Requests, lists and cancels builds of projections, on all nodes. Any thread may call it.</summary>
/// <param name="wake">Called when a build was requested.</param>
public sealed class Builds(NpgsqlDataSource database, IReadOnlySet<string> projections, Action wake)
{
    /// <summary>Whether this release has such a projection.</summary>
    public bool Knows(string projection) => projections.Contains(projection);

    /// <summary>
    /// Requests a projection to be built anew beside the serving rows. A repeated request resumes a failed build.
    /// </summary>
    /// <returns>False when there is no such projection.</returns>
    public async Task<bool> RequestAsync(string projection, CancellationToken ct)
    {
        if (!projections.Contains(projection))
            return false;
        await using var command = database.CreateCommand(
            "insert into log.builds (name) values ($1) on conflict (name) do update set error = null"
        );
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        await command.ExecuteNonQueryAsync(ct);
        wake();
        return true;
    }

    /// <summary>Ends a build and drops its table; the serving rows stay.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> CancelAsync(string projection, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var delete = new NpgsqlCommand("delete from log.builds where name = $1", connection, transaction);
        delete.Parameters.Add(new NpgsqlParameter<string> { TypedValue = projection });
        var was = await delete.ExecuteNonQueryAsync(ct) > 0;
        if (was)
            await ServingTables.ExecuteAsync(
                $"drop table if exists {ServingTables.BuildTableOf(projection)}",
                connection,
                transaction,
                ct
            );
        await transaction.CommitAsync(ct);
        return was;
    }

    public async Task<IReadOnlyList<BuildStatus>> ListAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            """
            select b.name, b.position, h.head, b.events, b.per_second,
                   greatest(0, h.head - b.position) / nullif(b.per_second, 0), b.error
            from log.builds b, (select coalesce(max(position), 0) as head from log.chain) h order by b.at, b.name
            """
        );
        await using var row = await command.ExecuteReaderAsync(ct);
        List<BuildStatus> builds = [];
        while (await row.ReadAsync(ct))
            builds.Add(
                new(
                    row.GetString(0),
                    row.GetInt64(1),
                    row.GetInt64(2),
                    row.GetInt64(3),
                    Number(row, 4),
                    Number(row, 5),
                    row.IsDBNull(6) ? null : row.GetString(6)
                )
            );
        return builds;

        static double? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDouble(column);
    }
}
