using Npgsql;
using Veza.EventStore.Personal;
using Veza.EventStore.Projections;

namespace Veza.Integration.Tests.Accounts;

public class ErasedRemainsTests(VezaServer veza)
{
    [Fact]
    public async Task A_sweep_without_sufficient_rights_is_reported_and_not_skipped()
    {
        var ct = TestContext.Current.CancellationToken;
        await using (var owner = NpgsqlDataSource.Create(veza.ConnectionString))
        await using (
            var make = owner.CreateCommand(
                """
                create role sweeper login password 'sweeper';
                grant usage on schema log, views to sweeper;
                grant select on all tables in schema log, views to sweeper
                """
            )
        )
            await make.ExecuteNonQueryAsync(ct);
        var connection = new NpgsqlConnectionStringBuilder(veza.ConnectionString)
        {
            Username = "sweeper",
            Password = "sweeper",
        };
        await using var database = NpgsqlDataSource.Create(connection);

        var remains = new ErasedRemains(database, veza.Running.Projections.Builds, TimeProvider.System);
        var steps = await remains.SweepAsync([], [], ownsServer: false, ct);

        Assert.Equal(["rows", "statistics", "wal"], steps.Select(s => s.Name));
        Assert.All(steps, s => Assert.False(s.Done));
        Assert.Contains("log.names may not be rewritten by this user", steps[0].Detail, StringComparison.Ordinal);
        Assert.Contains("superuser", steps[1].Detail, StringComparison.Ordinal);
        Assert.Contains("not Veza's own", steps[2].Detail, StringComparison.Ordinal);
    }
}
