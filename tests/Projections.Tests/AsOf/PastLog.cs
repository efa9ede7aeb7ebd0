using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Dispatching;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Projections.Topics;

namespace Veza.Projections.Tests.AsOf;

/// <summary>A log of its own for the point-in-time tests, with the index of topics beside the projections.</summary>
public sealed class PastLog : IAsyncLifetime
{
    private ProjectionHost _index = null!;

    public TestLog Log { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Log.InitializeAsync();
        _index = await ProjectionHost.OpenAsync(
            Log.Log,
            Log.ConnectionString,
            [new TopicIndexProjection(TopicRegistry.Map)],
            TimeProvider.System,
            NullLoggerFactory.Instance,
            CancellationToken.None
        );
        _index.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _index.DisposeAsync();
        await Log.DisposeAsync();
    }

    /// <summary>Waits until every projection and the index of topics have reached the log's head.</summary>
    public async Task ProjectedAsync()
    {
        await Log.ProjectedAsync();
        await _index.WaitAsync(
            [TopicIndexProjection.ProjectionName],
            Log.Log.Head,
            TestContext.Current.CancellationToken
        );
    }

    /// <summary>Sends a command of a random history, which may be refused.</summary>
    public async Task TryAsync(object command)
    {
        CommandResult _ = await Log.CommandBus.SendAsync(
            (dynamic)command,
            new CommandContext(Guid.CreateVersion7(), null),
            null,
            CancellationToken.None
        );
    }
}
