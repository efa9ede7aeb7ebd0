using Npgsql;
using Veza.EventStore.Database;

namespace Veza.EventStore.Tests;

public class ConnectionBudgetTests(LogFixture fixture)
{
    /// <summary>The default max_connections of PostgreSQL: 100, three of them reserved.</summary>
    private const int Unconfigured = 97;

    [Fact]
    public void Every_budget_is_distributed_completely_and_every_kind_gets_its_minimum()
    {
        for (var wanted = ConnectionBudget.TotalMin; wanted <= 1000; wanted++)
        {
            var shares = ConnectionBudget.Of(wanted, allowed: int.MaxValue);
            Assert.Equal(wanted, shares.Total);
            // Two queries listen permanently, each reactor holds one of the runners', and the leases use others.
            Assert.True(
                shares is { Queries: >= 6, Keys: >= 1, Runners: >= 6, Projections: >= 2 },
                $"{wanted} are shared out as {shares}"
            );
        }
    }

    [Fact]
    public void Two_nodes_with_default_settings_fit_on_a_database_with_default_settings() =>
        Assert.True(2 * ConnectionBudget.Of(wanted: 100, Unconfigured).Total <= Unconfigured);

    [Fact]
    public void A_node_that_is_given_less_takes_no_more() =>
        Assert.Equal(30, ConnectionBudget.Of(wanted: 30, Unconfigured).Total);

    [Fact]
    public async Task A_node_has_connections_open_before_its_first_request()
    {
        await using var log = await LogFixture.OpenAsync(await fixture.NewDatabaseAsync());
        int[] mostOfEach = [log.Budget.Queries, log.Budget.Keys];
        var first = mostOfEach.Sum(most => Math.Min(LogDataSources.OpenedFirst, most / 2));
        Assert.InRange(await SessionsAsync(log), 1, first - 1);
        await log.OpenFirstConnectionsAsync(CancellationToken.None);
        Assert.InRange(await SessionsAsync(log), first, log.Budget.Total);
    }

    [Fact]
    public async Task A_node_learns_what_its_role_is_allowed_and_opens_no_more_than_it_said()
    {
        const int Limit = 40;
        var database = await fixture.NewDatabaseAsync();
        var limited = new NpgsqlConnectionStringBuilder(database)
        {
            Username = $"limited_{Guid.CreateVersion7():N}",
            Password = "limited",
            Pooling = true,
        };
        await using (var admin = NpgsqlDataSource.Create(database))
        await using (
            var make = admin.CreateCommand(
                $"create role {limited.Username} superuser login password '{limited.Password}' connection limit {Limit}"
            )
        )
            await make.ExecuteNonQueryAsync();
        await using var log = await LogFixture.OpenAsync(limited.ConnectionString);
        Assert.Equal(Limit / ConnectionBudget.NodesThatFit, log.Budget.Total);
        // More concurrent commands than connections: the rest wait for their turn.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 200),
            new ParallelOptions { MaxDegreeOfParallelism = 200 },
            async (_, ct) =>
            {
                await using var ask = log.Database.CreateCommand(
                    $"select count(*) from pg_stat_activity where usename = '{limited.Username}'"
                );
                Assert.InRange((long)(await ask.ExecuteScalarAsync(ct))!, 1, log.Budget.Total);
            }
        );
    }

    private static async Task<long> SessionsAsync(EventLog log)
    {
        await using var ask = log.Database.CreateCommand(
            "select count(*) from pg_stat_activity "
                + "where datname = current_database() and backend_type = 'client backend'"
        );
        return (long)(await ask.ExecuteScalarAsync())!;
    }
}
