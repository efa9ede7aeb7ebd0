using Microsoft.Extensions.Logging.Abstractions;
using Veza.Commands.Dispatching;
using Veza.EventStore.Projections;
using Veza.Fixtures;
using Veza.Projections.Registry;
using Veza.Projections.Topics;

namespace Veza.Projections.Tests.AsOf;

/// <summary>A log that only the tests of the past append to, with the index of topics beside the projections.</summary>
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

    /// <summary>Waits until every row and every topic shows what the log holds now.</summary>
    public async Task ProjectedAsync()
    {
        await Log.ProjectedAsync();
        await _index.WaitAsync(
            [TopicIndexProjection.ProjectionName],
            Log.Log.Head,
            TestContext.Current.CancellationToken
        );
    }

    /// <summary>Sends a command of a random history, which may well be refused.</summary>
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
