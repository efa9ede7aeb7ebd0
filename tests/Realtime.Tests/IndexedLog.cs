using Microsoft.Extensions.Logging.Abstractions;
using Veza.EventStore;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Projections.Topics;

namespace Veza.Realtime.Tests;

/// <summary>A log of its own for the tests of the index, so that they can count a node's reads.</summary>
public sealed class IndexedLog : IAsyncLifetime
{
    public TestLog Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Log.InitializeAsync();
        await using var made = await HostAsync();
    }

    public ValueTask DisposeAsync() => Log.DisposeAsync();

    /// <summary>Brings the index up to the present head and stops it, so it lags behind later events.</summary>
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

    /// <summary>A node that starts now, with an empty tail.</summary>
    public Task<EventLog> NodeAsync() =>
        EventLog.OpenAsync(
            Log.ConnectionString,
            TestLog.EventTypes,
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken,
            wrapping: new(TestLog.KeySecret)
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
