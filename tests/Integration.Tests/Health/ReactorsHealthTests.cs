using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;
using Veza.Api;
using Veza.Api.Health;
using Veza.Domain.Chat.Messages;
using Veza.EventStore;
using Veza.EventStore.Appending;
using Veza.EventStore.Postgres;
using Veza.EventStore.Subscriptions;
using Veza.Integration.Tests.Accounts;
using Veza.Reactors.Running;

namespace Veza.Integration.Tests.Health;

public class ReactorsHealthTests
{
    private const string Reactor = "music.process_track.v1";

    [Fact]
    public async Task A_reactor_with_an_event_under_way_is_well_until_that_event_is_too_old_however_many_follow()
    {
        await using var postgres = await LocalPostgres.StartEphemeralAsync(fsync: false);
        await using var log = await EventLog.OpenAsync(
            postgres.ConnectionString,
            VezaApplication.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None,
            wrapping: new(new byte[32])
        );
        var message = Guid.CreateVersion7();
        await log.Appender.AppendAsync(
            new(
                Guid.CreateVersion7(),
                [new(message, "message", 0, [new MessageSent(message, message, message, "hello", null)])],
                []
            )
        );
        await using (
            var runs = log.Database.CreateCommand(
                $"""
                insert into log.nodes (id, runs, seen)
                values ('{message}', '{"{}"}', clock_timestamp() + interval '1 hour');
                insert into log.runners (name, kind, node) values ('{Reactor}', '{SubscriptionHost.Kind}', '{message}');
                insert into log.mt_event_progression (name, last_seq_id) values ('{Reactor}', 0)
                """
            )
        )
            await runs.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        var young = await CheckAsync(ReactorsHealth.UnfinishedMax - TimeSpan.FromMinutes(1));
        Assert.Equal(HealthStatus.Healthy, young.Status);

        var old = await CheckAsync(ReactorsHealth.UnfinishedMax + TimeSpan.FromMinutes(1));
        Assert.Equal(
            (HealthStatus.Degraded, $"{Reactor} has not finished event 1 of 16 minutes ago; 15 are allowed"),
            (old.Status, old.Description)
        );

        Task<HealthCheckResult> CheckAsync(TimeSpan later) =>
            new ReactorsHealth(
                new ReactorQueues(log),
                log,
                new SetClock(TimeProvider.System.GetUtcNow() + later)
            ).CheckHealthAsync(new(), TestContext.Current.CancellationToken);
    }
}
