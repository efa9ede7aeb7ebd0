using Veza.Domain;
using Veza.EventStore.Aggregates;
using Veza.Fixtures;

namespace Veza.Projections.Tests.Marten;

/// <summary>Over one log, Marten's async daemon and the product's runner build the same rows.</summary>
public class MartenDaemonTests
{
    [Fact]
    public async Task Three_projections_of_each_kind_give_the_rows_of_the_products_own()
    {
        var ct = TestContext.Current.CancellationToken;
        // A log of its own, without other writers between the two readings.
        var log = new TestLog();
        await log.InitializeAsync();
        try
        {
            for (var round = 0; round < 3; round++)
                await log.Given(RebuildTests.History()).PlayAsync();
            var models = typeof(DomainEvent).Assembly.GetTypes().Where(AggregateFold.IsAggregate);
            await using var daemon = await DaemonComparison.StartAsync(
                log.ConnectionString,
                log.Log.Cipher,
                models,
                ct
            );
            await daemon.CaughtUpAsync();
            // More events, for a daemon that is at the head.
            await log.Given(RebuildTests.History()).PlayAsync();
            await daemon.CaughtUpAsync();
            await daemon.StopAsync();
            await log.ProjectedAsync();
            await daemon.AllEqualAsync(ct);
        }
        finally
        {
            await log.DisposeAsync();
        }
    }
}
