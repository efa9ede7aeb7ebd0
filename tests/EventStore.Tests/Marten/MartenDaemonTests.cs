using System.Collections.Concurrent;
using JasperFx.Events;
using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Marten.Subscriptions;
using Veza.EventStore.Appending;
using Veza.EventStore.Marten;
using static Veza.EventStore.Tests.LogFixture;

namespace Veza.EventStore.Tests.Marten;

public sealed record PageDocument(Guid Id, string Text);

public sealed class PageDocuments : SingleStreamProjection<PageDocument, Guid>
{
    public override PageDocument? Evolve(PageDocument? snapshot, Guid id, IEvent e) =>
        e.Data switch
        {
            PageWritten written => new(id, written.Text),
            PageEdited edited => snapshot! with { Text = edited.Text },
            _ => snapshot,
        };
}

/// <summary>Marten's async daemon over the log.</summary>
public class MartenDaemonTests(LogFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_daemon_that_hardly_ever_polls_is_woken_by_every_node_and_every_session()
    {
        await using var setting = await MartenSetting.BeginAsync(fixture);
        await using var store = setting.Open(options =>
        {
            options.Projections.Add<PageDocuments>(ProjectionLifecycle.Async);
            // Longer than any test runs.
            options.Projections.SlowPollingTime = options.Projections.FastPollingTime = TimeSpan.FromHours(1);
        });
        await store.MakeDocumentTablesAsync(Ct);
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Eventually.TrueAsync(async () =>
            await setting.AskAsync<long>(
                "select count(*) from pg_stat_activity where query = 'LISTEN mt_events_appended' "
                    + "and datname = current_database()"
            ) > 0
        );

        var (page, author) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Assert.IsType<AppendOutcome.Accepted>(
            await setting.Log.Appender.AppendAsync(
                Command(new StreamChange(page, "page", 0, [new PageWritten(page, author, "one", Weather.Fair)]))
            )
        );
        await ShowsAsync("one");
        await using (var session = setting.Store.LightweightSession())
        {
            session.Events.Append(page, 2, new PageEdited(page, author, "two"));
            await session.SaveChangesAsync(Ct);
        }
        await ShowsAsync("two");
        await daemon.StopAllAsync();

        async Task ShowsAsync(string text) =>
            await Eventually.TrueAsync(
                async () =>
                {
                    await using var session = store.QuerySession();
                    return (await session.LoadAsync<PageDocument>(page, Ct))?.Text == text;
                },
                what: $"a document that says {text}"
            );
    }

    [Fact]
    public async Task A_subscription_gets_every_event_once_and_in_order()
    {
        const int Events = 300;
        await using var setting = await MartenSetting.BeginAsync(fixture);
        var subscription = new Recording();
        await using var store = setting.Open(options =>
            options.Projections.Subscribe(subscription, s => s.Name = "recording")
        );
        using var daemon = await store.BuildProjectionDaemonAsync();
        await daemon.StartAllAsync();
        await Task.WhenAll(
            Enumerable
                .Range(0, Events)
                .Select(i =>
                {
                    var page = Guid.CreateVersion7();
                    return setting.Log.Appender.AppendAsync(
                        Command(new StreamChange(page, "page", 0, [new PageRead(page, i)]))
                    );
                })
        );
        await Eventually.TrueAsync(() => subscription.Seen.Count >= Events);
        await daemon.StopAllAsync();
        Assert.Equal(Enumerable.Range(1, Events).Select(p => (long)p), subscription.Seen);
    }

    private sealed class Recording : ISubscription
    {
        public ConcurrentQueue<long> Seen { get; } = new();

        public Task<IChangeListener> ProcessEventsAsync(
            EventRange page,
            ISubscriptionController controller,
            IDocumentOperations operations,
            CancellationToken cancellationToken
        )
        {
            foreach (var e in page.Events)
                Seen.Enqueue(e.Sequence);
            return Task.FromResult<IChangeListener>(NullChangeListener.Instance);
        }
    }
}
