using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Coordination;

/// <summary>Why a parked event is where it is; see <c>log.parked_events</c>.</summary>
public enum ParkedState
{
    /// <summary>A projection waits before it until an operator decides.</summary>
    Standing,

    /// <summary>It was gone past.</summary>
    Skipped,
}

/// <summary>One event that could not be dealt with.</summary>
internal sealed record ParkedEvent(long Position, ParkedState State, string Error, int Attempts);

/// <summary>The rows of <c>log.parked_events</c>, as the runners write and read them.</summary>
internal static class ParkedEvents
{
    private const int ErrorCharsMax = 2000;

    public static NpgsqlBatchCommand Park(string name, ParkedEvent parked)
    {
        var park = new NpgsqlBatchCommand(
            """
            insert into log.parked_events (name, position, state, error, attempts, at) values ($1, $2, $3, $4, $5, now())
            on conflict (name, position) do update set state = excluded.state, error = excluded.error, attempts = excluded.attempts, at = excluded.at
            """
        );
        park.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        park.Parameters.Add(new NpgsqlParameter<long> { TypedValue = parked.Position });
        park.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Text(parked.State) });
        park.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Bounded(parked.Error) });
        park.Parameters.Add(new NpgsqlParameter<int> { TypedValue = parked.Attempts });
        return park;
    }

    /// <returns>Oldest first.</returns>
    /// <param name="max">Of those that are asked for in <paramref name="state"/>.</param>
    public static async Task<List<ParkedEvent>> FindAsync(
        string name,
        ParkedState state,
        long after,
        int max,
        NpgsqlConnection connection,
        CancellationToken ct
    )
    {
        await using var find = new NpgsqlCommand(
            "select position, error, attempts from log.parked_events where name = $1 and state = $2 and position > $3 order by position limit $4",
            connection
        );
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Text(state) });
        find.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        find.Parameters.Add(new NpgsqlParameter<int> { TypedValue = max });
        await using var rows = await find.ExecuteReaderAsync(ct);
        var found = new List<ParkedEvent>();
        while (await rows.ReadAsync(ct))
            found.Add(new(rows.GetInt64(0), state, rows.GetString(1), rows.GetInt32(2)));
        return found;
    }

    public static async Task<long> CountAsync(string name, NpgsqlConnection connection, CancellationToken ct)
    {
        await using var count = new NpgsqlCommand("select count(*) from log.parked_events where name = $1", connection);
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        return (long)(await count.ExecuteScalarAsync(ct))!;
    }

    public static NpgsqlBatchCommand Forget(string name, long position)
    {
        var forget = new NpgsqlBatchCommand("delete from log.parked_events where name = $1 and position = $2");
        forget.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        forget.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
        return forget;
    }

    internal static string Text(ParkedState state) => EventTypes.SnakeCase(state.ToString());

    // U+0000 is in no text of PostgreSQL, and an error message may quote anything.
    private static string Bounded(string error) =>
        (error.Length > ErrorCharsMax ? error[..ErrorCharsMax] : error).Replace('\0', '?');
}
