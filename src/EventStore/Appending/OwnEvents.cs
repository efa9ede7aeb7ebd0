using Npgsql;

namespace Veza.EventStore.Appending;

/// <summary>
/// Finds the events that an earlier attempt at a command appended. The command's first event has the command's id and
/// the version the command was to make.
/// </summary>
internal static class OwnEvents
{
    private const string Query = """
        select c.i, e.seq_id, e.version, e.timestamp
        from unnest($1::uuid[], $2::uuid[], $3::bigint[]) with ordinality c(id, stream, version, i)
        join log.mt_events e on e.stream_id = c.stream
            and e.version >> 3 = c.version >> 3 and e.version = c.version and e.id = c.id
        """;

    /// <summary>
    /// Turns a conflict of a command with its own events into an acceptance: an earlier attempt appended them.
    /// </summary>
    public static async Task RecogniseAsync(AppendBatch batch, AppendOutcome[] outcomes, NpgsqlConnection connection)
    {
        var refused = Enumerable
            .Range(0, outcomes.Length)
            .Where(i => outcomes[i] is AppendOutcome.VersionConflict && batch.Commands[i].EventCount > 0)
            .ToList();
        var own = await AskAsync([.. refused.Select(i => batch.Commands[i])], connection);
        foreach (var (i, accepted) in own)
            outcomes[refused[i]] = accepted;
        // The earlier attempt's wait for the standby may have been cut short, as by a crash. What commits now is safe
        // only after it.
        await using var barrier = new NpgsqlCommand(
            "select pg_logical_emit_message(true, 'veza', 'resolved')",
            connection
        );
        await barrier.ExecuteNonQueryAsync();
    }

    /// <returns>
    /// Accepted when the command's events are in the log; otherwise a conflict, so that it is decided again.
    /// </returns>
    public static async Task<AppendOutcome> FindAsync(PendingAppend command, AppendCall call)
    {
        var connection = call.Connection;
        if (
            command.EventCount > 0
            && (await AskAsync([command], connection)).Select(found => found.Accepted).FirstOrDefault() is { } accepted
        )
            return accepted;
        var stream = command.Request.Changes.Select(c => c.StreamId).FirstOrDefault();
        await using var ask = new NpgsqlCommand(
            """
            select coalesce((select version from log.mt_events where stream_id = $1
                             order by version >> 3 desc, version desc limit 1), 0)
            """,
            connection
        );
        ask.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stream });
        return new AppendOutcome.VersionConflict(stream, (long)(await ask.ExecuteScalarAsync())!);
    }

    private static async Task<List<(int Index, AppendOutcome.Accepted Accepted)>> AskAsync(
        List<PendingAppend> commands,
        NpgsqlConnection connection
    )
    {
        var found = new List<(int, AppendOutcome.Accepted)>();
        if (commands.Count == 0)
            return found;
        var firsts = commands.ConvertAll(c => c.Request.Changes.First(change => change.Events.Count > 0));
        await using var ask = new NpgsqlCommand(Query, connection);
        ask.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. commands.Select(c => c.Request.CommandId)] });
        ask.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. firsts.Select(f => f.StreamId)] });
        ask.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. firsts.Select(f => f.ExpectedVersion + 1)] });
        await using var rows = await ask.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var i = (int)rows.GetInt64(0) - 1;
            found.Add(
                (
                    i,
                    new(
                        rows.GetInt64(2) + firsts[i].Events.Count - 1,
                        rows.GetInt64(1) + commands[i].EventCount - 1,
                        rows.GetFieldValue<DateTimeOffset>(3)
                    )
                )
            );
        }
        return found;
    }
}
