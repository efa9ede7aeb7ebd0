using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>How many connections to the database one process opens at most, and how many of them for what.</summary>
/// <param name="Queries">For reading; two of them listen, for good.</param>
/// <param name="Keys">For the keys of personal texts: asked for in a moment, more at a time wait.</param>
/// <param name="Runners">
/// For subscriptions, for the queues of what follows from events, and to see who runs what.
/// </param>
/// <param name="Projections">
/// For the transactions of projections and builds; more of them at a time would only wait for each other.
/// </param>
public sealed record ConnectionBudget(int Queries, int Keys, int Runners, int Projections)
{
    /// <summary>With fewer, those that are kept for good leave too few for all else.</summary>
    public const int TotalMin = 16;

    /// <summary>
    /// Nodes that fit into what the database allows, whatever they are set to: one takes another's place while that
    /// still answers.
    /// </summary>
    public const int NodesThatFit = 2;

    private const int Appends = 1;

    // For the role and the database too, which a hoster may have limited.
    private const string AskAllowed = """
        select least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - coalesce(current_setting('reserved_connections', true)::int, 0),
                     (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
                     (select nullif(datconnlimit, -1) from pg_database where datname = current_database()))
        """;

    public int Total => Queries + Keys + Runners + Projections + Appends;

    /// <param name="wanted">In all.</param>
    /// <param name="allowed">By the database, for everybody.</param>
    public static ConnectionBudget Of(int wanted, int allowed)
    {
        var total = Math.Max(TotalMin, Math.Min(wanted, allowed / NodesThatFit));
        var (keys, runners, projections) = (
            Math.Clamp(total / 12, 1, 8),
            Math.Clamp(total / 4, 6, 32),
            Math.Clamp(total / 6, 2, 16)
        );
        return new(total - Appends - keys - runners - projections, keys, runners, projections);
    }

    /// <returns>Connections that everybody together may have.</returns>
    internal static async Task<int> AllowedAsync(string connectionString, CancellationToken ct)
    {
        await using var database = DataSources.ForOnce(connectionString);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var ask = new NpgsqlCommand(AskAllowed, connection);
        return (int)(await ask.ExecuteScalarAsync(ct))!;
    }
}
