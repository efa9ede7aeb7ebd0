using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.Api.Health;
using Veza.Integration.Tests.Accounts;

namespace Veza.Integration.Tests.Health;

public class ClockSkewTests(VezaServer server)
{
    [Theory]
    [InlineData(-60, "behind")]
    [InlineData(60, "ahead of")]
    public async Task A_clock_that_goes_wrong_is_said_at_the_start_and_by_readiness(int seconds, string where)
    {
        var log = new Lines();
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        var skew = new ClockSkew(database, new SetClock(TimeProvider.System.GetUtcNow().AddSeconds(seconds)), log);

        await skew.WarnAsync(TestContext.Current.CancellationToken);
        Assert.Contains($"s {where} the database's; 5 s are allowed", Assert.Single(log), StringComparison.Ordinal);

        var health = await new ClockHealth(skew).CheckHealthAsync(new(), TestContext.Current.CancellationToken);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains(where, health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_goes_right_is_well_and_not_worth_a_word()
    {
        var log = new Lines();
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        var skew = new ClockSkew(database, TimeProvider.System, log);

        await skew.WarnAsync(TestContext.Current.CancellationToken);
        Assert.Empty(log);
        Assert.Equal(
            HealthStatus.Healthy,
            (await new ClockHealth(skew).CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Status
        );
    }

    [Fact]
    public async Task Of_a_database_that_is_away_the_clock_is_not_known_and_the_start_goes_on()
    {
        var log = new Lines();
        await using var database = NpgsqlDataSource.Create(
            $"Host=127.0.0.1;Port={Loopback.FreePort()};Username=x;Password=x"
        );
        var skew = new ClockSkew(database, TimeProvider.System, log);

        await skew.WarnAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            HealthStatus.Degraded,
            (await new ClockHealth(skew).CheckHealthAsync(new(), TestContext.Current.CancellationToken)).Status
        );
    }

    private sealed class Lines : List<string>, ILogger<ClockSkew>
    {
        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Add(formatter(state, exception));
    }
}
