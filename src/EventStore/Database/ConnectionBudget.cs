using Npgsql;

namespace Veza.EventStore.Database;

/// <summary>The most connections that one process opens to the database, by use.</summary>
/// <param name="Queries">For reading; two of them listen all the time.</param>
/// <param name="Keys">For the keys of personal texts: queries take a moment, and further ones wait.</param>
/// <param name="Runners">
/// For subscriptions, the queues of reactors, and the leases.
/// </param>
/// <param name="Projections">
/// For the transactions of projections and builds; more together would only wait for each other.
/// </param>
public sealed record ConnectionBudget(int Queries, int Keys, int Runners, int Projections)
{
    /// <summary>With fewer, the permanent connections leave too few for all else.</summary>
    public const int TotalMin = 16;

    /// <summary>
    /// Nodes that fit into the database's limit under any setting: a new node starts while the former still answers.
    /// </summary>
    public const int NodesThatFit = 2;

    private const int Appends = 1;

    // Hosters may also limit the role and the database.
    private const string AskAllowed = """
        select least(current_setting('max_connections')::int
                         - current_setting('superuser_reserved_connections')::int
                         - coalesce(current_setting('reserved_connections', true)::int, 0),
                     (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
                     (select nullif(datconnlimit, -1) from pg_database where datname = current_database()))
        """;

    public int Total => Queries + Keys + Runners + Projections + Appends;

    /// <param name="wanted">For all uses together.</param>
    /// <param name="allowed">By the database, for all clients together.</param>
    public static ConnectionBudget Of(int wanted, int allowed)
    {
        var total = Math.Max(TotalMin, Math.Min(wanted, allowed / NodesThatFit));
        var keys = Math.Clamp(total / 12, 1, 8);
        var runners = Math.Clamp(total / 4, 6, 32);
        var projections = Math.Clamp(total / 6, 2, 16);
        return new(total - Appends - keys - runners - projections, keys, runners, projections);
    }

    /// <returns>Connections that all clients together may have.</returns>
    internal static async Task<int> AllowedAsync(string connectionString, CancellationToken ct)
    {
        await using var database = DataSources.ForOnce(connectionString);
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var ask = new NpgsqlCommand(AskAllowed, connection);
        return (int)(await ask.ExecuteScalarAsync(ct))!;
    }
}
