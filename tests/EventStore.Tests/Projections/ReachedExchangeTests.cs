using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore.Projections;

namespace Veza.EventStore.Tests.Projections;

public class ReachedExchangeTests(LogFixture fixture)
{
    private static ReachedExchange Open(EventLog log, params ProjectionRunner[] serving) =>
        new(log, log.ProcessorsDatabase, () => serving, TimeProvider.System, NullLogger.Instance);

    /// <summary>Asks until the other nodes have said so; the test's deadline ends it.</summary>
    private static async Task AskUntilAsync(ReachedExchange exchange, string name, long position)
    {
        var ct = TestContext.Current.CancellationToken;
        for (var again = false; exchange.Of(name) < position; again = true)
            await exchange.LookAsync(position, again, ct);
    }

    [Fact]
    public async Task A_node_says_how_far_its_projections_are_before_their_checkpoints_are_stored()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var one = await LogFixture.OpenAsync(database);
        await using var two = await LogFixture.OpenAsync(database);
        var sums = new SumsProjection();
        await using var host = await one.StartAsync(database, sums);
        using var asking = Open(two);
        await one.CountAsync();
        await AskUntilAsync(asking, sums.Name, one.Head);

        // The stored checkpoint may be as far or not; what is known is never less than either.
        var known = await asking.LookAsync(one.Head, again: false, TestContext.Current.CancellationToken);
        Assert.True(known["test.sums"] >= one.Head);
    }

    [Fact]
    public async Task A_node_that_serves_nothing_and_one_that_asks_itself_get_no_answer_and_read_checkpoints()
    {
        var database = await fixture.NewDatabaseAsync();
        await using var log = await LogFixture.OpenAsync(database);
        var sums = new SumsProjection();
        await using var host = await log.StartAsync(database, sums);
        using var asking = Open(log);
        await log.CountAsync();
        await Eventually.TrueAsync(async () =>
        {
            var known = await asking.LookAsync(log.Head, again: false, TestContext.Current.CancellationToken);
            return known["test.sums"] == log.Head;
        });
        Assert.Equal(0, asking.Of(sums.Name));
    }

    [Fact]
    public async Task What_was_said_is_forgotten_when_the_connection_breaks()
    {
        await using var postgres = await Veza.EventStore.Postgres.LocalPostgres.StartEphemeralAsync();
        await using var one = await LogFixture.OpenAsync(postgres.ConnectionString);
        await using var two = await LogFixture.OpenAsync(postgres.ConnectionString);
        var sums = new SumsProjection();
        using var asking = Open(two);
        await using (await one.StartAsync(postgres.ConnectionString, sums))
        {
            await one.CountAsync();
            await AskUntilAsync(asking, sums.Name, one.Head);
        }
        await postgres.KillAsync();
        await postgres.RestartAsync();
        await Eventually.TrueAsync(() => asking.Of(sums.Name) == 0);
    }
}
