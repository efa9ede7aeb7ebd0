using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Coordination;

/// <summary>What a projection does about a parked event; see <c>log.parked_events</c>.</summary>
public enum ParkedState
{
    /// <summary>The projection waits before it until an operator decides.</summary>
    Standing,

    /// <summary>The projection goes on without it.</summary>
    Skipped,
}

/// <summary>One event that could not be applied.</summary>
internal sealed record ParkedEvent(long Position, ParkedState State, string Error, int Attempts);

/// <summary>Reads and writes the rows of <c>log.parked_events</c>.</summary>
internal static class ParkedEvents
{
    private const int ErrorCharsMax = 2000;

    public static NpgsqlBatchCommand Park(string name, ParkedEvent parked)
    {
        var park = new NpgsqlBatchCommand(
            """
            insert into log.parked_events (name, position, state, error, attempts, at)
            values ($1, $2, $3, $4, $5, now())
            on conflict (name, position) do update set
                state = excluded.state, error = excluded.error, attempts = excluded.attempts, at = excluded.at
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
    /// <param name="max">Of the events in <paramref name="state"/>.</param>
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
            """
            select position, error, attempts from log.parked_events
            where name = $1 and state = $2 and position > $3 order by position limit $4
            """,
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

    internal static string Text(ParkedState state) => EventTypes.SnakeCase(state.ToString());

    // U+0000 is in no text of PostgreSQL, and an error message may quote anything.
    private static string Bounded(string error) =>
        (error.Length > ErrorCharsMax ? error[..ErrorCharsMax] : error).Replace('\0', '?');
}
