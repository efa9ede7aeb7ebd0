using Npgsql;

namespace Veza.Reactors.Running;

/// <summary>The state of a reactor's queue.</summary>
/// <param name="Waiting">Unfinished messages, including those that wait for their next attempt.</param>
/// <param name="Oldest">The position of the first unfinished message; null when there is none.</param>
/// <param name="Dead">Dead letters that are not retried or dismissed yet.</param>
/// <param name="Error">The error of one of the dead letters; null when there is none.</param>
public sealed record QueueState(long Waiting, long? Oldest, long Dead, string? Error);

/// <summary>Queries and updates of Wolverine's tables that its interface lacks. Any thread may call it.</summary>
/// <param name="database">The database that Wolverine writes to.</param>
public sealed class ReactorTables(NpgsqlDataSource database)
{
    /// <summary>Wolverine's schema.</summary>
    public const string Schema = "wolverine";

    private const string Incoming = $"{Schema}.wolverine_incoming_envelopes";
    private const string DeadLetters = $"{Schema}.wolverine_dead_letters";

    /// <summary>The tables whose files may hold personal texts: an error of a dead letter may quote anything.</summary>
    public static IReadOnlyList<string> All { get; } = [Incoming, DeadLetters];

    /// <summary>The event's position, which is the second half of a message's id.</summary>
    private const string Position = "('x' || right(replace(id::text, '-', ''), 16))::bit(64)::bigint";

    /// <returns>Whether the message is finished, and whether an earlier one of its stream is not.</returns>
    public async Task<(bool IsFinished, bool IsHeldBack)> LookAsync(Guid message, CancellationToken ct)
    {
        await using var look = database.CreateCommand(
            $"""
            select exists (select from {Incoming} where id = $1 and status = 'Handled'),
                   exists (select from {Incoming} where id >= $2 and id < $1 and status <> 'Handled')
            """
        );
        look.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = message });
        look.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = MessageIds.First(message) });
        await using var row = await look.ExecuteReaderAsync(ct);
        await row.ReadAsync(ct);
        return (row.GetBoolean(0), row.GetBoolean(1));
    }

    public async Task<long> CountWaitingAsync(Uri queue, CancellationToken ct)
    {
        await using var count = database.CreateCommand(
            $"select count(*) from {Incoming} where received_at = $1 and status <> 'Handled'"
        );
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue.ToString() });
        return (long)(await count.ExecuteScalarAsync(ct))!;
    }

    /// <returns>The ids that have a message, finished or not, or a dead letter.</returns>
    public static async Task<HashSet<Guid>> FindAsync(Guid[] ids, NpgsqlTransaction transaction, CancellationToken ct)
    {
        await using var find = new NpgsqlCommand(
            $"select id from {Incoming} where id = any ($1) union select id from {DeadLetters} where id = any ($1)",
            transaction.Connection,
            transaction
        );
        find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        await using var rows = await find.ExecuteReaderAsync(ct);
        var found = new HashSet<Guid>();
        while (await rows.ReadAsync(ct))
            found.Add(rows.GetGuid(0));
        return found;
    }

    /// <summary>Lets Wolverine handle a queue's dead letters again, as if they were new.</summary>
    /// <returns>How many.</returns>
    public Task<int> RetryAsync(Uri queue, CancellationToken ct) =>
        DecideAsync($"update {DeadLetters} set replayable = true where received_at = $1", queue, ct);

    /// <summary>Dismisses a queue's dead letters.</summary>
    /// <returns>How many.</returns>
    public Task<int> SkipAsync(Uri queue, CancellationToken ct) =>
        DecideAsync($"delete from {DeadLetters} where received_at = $1", queue, ct);

    /// <returns>
    /// The states by queue. A queue without messages has none, and no queue has one before the first node runs
    /// reactors.
    /// </returns>
    public async Task<IReadOnlyDictionary<string, QueueState>> StatesAsync(CancellationToken ct)
    {
        if (!await IsThereAsync(ct))
            return new Dictionary<string, QueueState>();
        await using var look = database.CreateCommand(
            $"""
            with w as (select received_at, count(*) as waiting, min({Position}) as oldest
                       from {Incoming} where status <> 'Handled' group by received_at),
                 d as (select received_at, count(*) as dead, min(exception_message) as error
                       from {DeadLetters} group by received_at)
            select received_at, coalesce(waiting, 0), oldest, coalesce(dead, 0), error
            from w full join d using (received_at) where received_at is not null
            """
        );
        await using var rows = await look.ExecuteReaderAsync(ct);
        var states = new Dictionary<string, QueueState>();
        while (await rows.ReadAsync(ct))
            states.Add(
                rows.GetString(0),
                new(
                    rows.GetInt64(1),
                    rows.GetFieldValue<long?>(2),
                    rows.GetInt64(3),
                    rows.IsDBNull(4) ? null : rows.GetString(4)
                )
            );
        return states;
    }

    /// <returns>The unfinished messages that a node holds, each with its queue.</returns>
    public async Task<IReadOnlyList<(Guid Message, string Queue)>> HeldByAsync(int node, CancellationToken ct)
    {
        await using var find = database.CreateCommand(
            $"""
            select id, received_at from {Incoming}
            where owner_id = $1 and status = 'Incoming' and received_at is not null
            """
        );
        find.Parameters.Add(new NpgsqlParameter<int> { TypedValue = node });
        await using var rows = await find.ExecuteReaderAsync(ct);
        var held = new List<(Guid, string)>();
        while (await rows.ReadAsync(ct))
            held.Add((rows.GetGuid(0), rows.GetString(1)));
        return held;
    }

    private async Task<bool> IsThereAsync(CancellationToken ct)
    {
        await using var find = database.CreateCommand($"select to_regclass('{DeadLetters}') is not null");
        return (bool)(await find.ExecuteScalarAsync(ct))!;
    }

    private async Task<int> DecideAsync(string sql, Uri queue, CancellationToken ct)
    {
        if (!await IsThereAsync(ct))
            return 0;
        await using var decide = database.CreateCommand(sql);
        decide.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue.ToString() });
        return await decide.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Removes the error messages of events of erased accounts, which may quote their texts.</summary>
    public async Task RedactErrorsAsync(IReadOnlyCollection<Guid> accounts, CancellationToken ct)
    {
        await using var redact = database.CreateCommand(
            $"""
            update {DeadLetters} d set exception_message = 'its author was erased'
            from log.mt_events e
            where e.seq_id = {Position.Replace("id::", "d.id::", StringComparison.Ordinal)}
              and (e.stream_id = any ($1) or e.user_name = any ($2))
            """
        );
        redact.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. accounts] });
        redact.Parameters.Add(
            new NpgsqlParameter<string[]> { TypedValue = [.. accounts.Select(a => a.ToString("N"))] }
        );
        await redact.ExecuteNonQueryAsync(ct);
    }

    /// <summary>Releases messages that this node holds, so that any node may take them.</summary>
    public async Task ReleaseAsync(int node, Guid[] messages, CancellationToken ct)
    {
        await using var release = database.CreateCommand(
            $"update {Incoming} set owner_id = 0 where owner_id = $1 and status = 'Incoming' and id = any ($2)"
        );
        release.Parameters.Add(new NpgsqlParameter<int> { TypedValue = node });
        release.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = messages });
        await release.ExecuteNonQueryAsync(ct);
    }
}
