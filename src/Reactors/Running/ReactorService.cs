using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Veza.EventStore.Subscriptions;
using Wolverine.Runtime;
using Wolverine.Transports.Local;

namespace Veza.Reactors.Running;

/// <summary>Feeds the queues of a node's reactors from the log while the host runs.</summary>
internal sealed class ReactorService : IHostedService, IAsyncDisposable
{
    private readonly SubscriptionHost _subscriptions;
    private readonly IReadOnlyList<Reactor> _reactors;
    private readonly ReactorRuns _runs;
    private readonly ReactorTables _tables;
    private readonly ReactorQueues _queues;
    private readonly IWolverineRuntime _wolverine;
    private readonly ILogger _logger;
    private readonly ReactorSweep _sweep;
    private readonly CancellationTokenSource _stopping = new();
    private HashSet<Guid> _idle = [];
    private Task _sweeping = Task.CompletedTask;

    public ReactorService(
        EventLog log,
        IReadOnlyList<Reactor> reactors,
        ReactorRuns runs,
        ReactorTables tables,
        ReactorQueues queues,
        IWolverineRuntime wolverine,
        TimeProvider clock,
        ILoggerFactory loggers
    )
    {
        _reactors = reactors;
        _runs = runs;
        _tables = tables;
        _queues = queues;
        _wolverine = wolverine;
        _logger = loggers.CreateLogger<ReactorService>();
        _sweep = new ReactorSweep(SweepAsync, clock, _logger);
        var subscriptions = reactors.Select(r => new ReactorSubscription(r, log, tables, wolverine, clock, _logger));
        _subscriptions = new SubscriptionHost(log, subscriptions, clock, loggers);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscriptions.Start();
        _sweeping = Task.Run(() => _sweep.RunAsync(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _sweeping;
        await _subscriptions.DisposeAsync();
    }

    public ValueTask DisposeAsync() => new(StopAsync(CancellationToken.None));

    private async Task SweepAsync(CancellationToken ct)
    {
        await SweepOnceAsync(ct);
        // Refreshes the values that the gauges show.
        await _queues.StatusAsync(ct);
    }

    /// <summary>Releases the messages that this node held and did not handle, now and at the sweep before.</summary>
    /// <remarks>
    /// Wolverine stops writing a message's outcome when the database stays away for a second. This node then holds
    /// the message and handles it no more. Once it is released, a node takes it again.
    /// </remarks>
    internal async Task SweepOnceAsync(CancellationToken ct)
    {
        var empty = _reactors.Where(IsEmpty).Select(reactor => reactor.Queue.ToString()).ToHashSet();
        var node = _wolverine.DurabilitySettings.AssignedNodeNumber;
        var idle = (await _tables.HeldByAsync(node, ct))
            .Where(held => empty.Contains(held.Queue) && !_runs.IsRunning(held.Message))
            .Select(held => held.Message)
            .ToHashSet();
        Guid[] abandoned = [.. idle.Intersect(_idle)];
        _idle = idle;
        if (abandoned.Length == 0)
            return;
        _logger.LogWarning(
            "This node held {Messages} messages of reactors without handling them; it releases them",
            abandoned.Length
        );
        await _tables.ReleaseAsync(node, abandoned, ct);
    }

    /// <summary>Whether no message of the reactor waits in this node's memory.</summary>
    private bool IsEmpty(Reactor reactor) =>
        _wolverine.Endpoints.EndpointByName(reactor.Name) is LocalQueue { MessageCount: 0 };
}
