using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Projections.Topics;

namespace Veza.Realtime.Tests;

/// <summary>A log that only the tests of the index append to, so that what a node reads of it can be counted.</summary>
public sealed class IndexedLog : IAsyncLifetime
{
    public TestLog Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Log.InitializeAsync();
        await using var made = await HostAsync();
    }

    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <summary>
    /// Brings the index up to everything there is now, and no further: whatever comes later, it lags behind.
    /// </summary>
    public async Task IndexAsync()
    {
        await using var host = await HostAsync();
        host.Start();
        await host.WaitAsync(
            [TopicIndexProjection.ProjectionName],
            Log.Log.Head,
            TestContext.Current.CancellationToken
        );
    }

    /// <summary>A node that starts now: its tail holds nothing of what is there already.</summary>
    public Task<EventLog> NodeAsync() =>
        EventLog.OpenAsync(
            Log.ConnectionString,
            TestLog.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken,
            keySecret: TestLog.KeySecret
        );

    private Task<ProjectionHost> HostAsync() =>
        ProjectionHost.OpenAsync(
            Log.Log,
            Log.ConnectionString,
            [new TopicIndexProjection(TopicRegistry.Map)],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
}
