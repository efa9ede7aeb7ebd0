using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Subscriptions;
using Wolverine.Runtime;
using Wolverine.Transports.Local;

namespace Veza.Reactors.Running;

/// <summary>Feeds the queues of a node's reactors from the log, for as long as the host runs.</summary>
internal sealed class ReactorService : IHostedService, IAsyncDisposable
{
    /// <summary>How often it looks at the queues, and for messages that this node holds and does not handle.</summary>
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly SubscriptionHost _subscriptions;
    private readonly IReadOnlyList<Reactor> _reactors;
    private readonly ReactorRuns _runs;
    private readonly ReactorTables _tables;
    private readonly ReactorQueues _queues;
    private readonly IWolverineRuntime _wolverine;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
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
        _clock = clock;
        _logger = loggers.CreateLogger<ReactorService>();
        var subscriptions = reactors.Select(r => new ReactorSubscription(r, log, tables, wolverine, clock, _logger));
        _subscriptions = new SubscriptionHost(log, subscriptions, clock, loggers);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscriptions.Start();
        _sweeping = Task.Run(SweepAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _sweeping;
        await _subscriptions.DisposeAsync();
    }

    public ValueTask DisposeAsync() => new(StopAsync(CancellationToken.None));

    /// <summary>
    /// Wolverine gives up writing what became of a message when the database stays away for a second: the message is
    /// then held by this node and handled by nobody. Let go, it is taken up again.
    /// </summary>
    private async Task SweepAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(SweepEvery, _clock, _stopping.Token);
                await SweepOnceAsync(_stopping.Token);
                // For the gauges.
                await _queues.StatusAsync(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (NpgsqlException away)
            {
                _logger.LogWarning("Reactors' messages could not be looked at: {Reason}", away.Message);
            }
        }
    }

    /// <summary>Lets go of what nobody here handles, at this look and at the one before.</summary>
    internal async Task SweepOnceAsync(CancellationToken ct)
    {
        var empty = _reactors.Where(IsEmpty).Select(reactor => reactor.Queue.ToString()).ToHashSet();
        var node = _wolverine.DurabilitySettings.AssignedNodeNumber;
        var idle = (await _tables.HeldByAsync(node, ct))
            .Where(held => empty.Contains(held.Queue) && !_runs.IsRunning(held.Message))
            .Select(held => held.Message)
            .ToHashSet();
        Guid[] left = [.. idle.Intersect(_idle)];
        _idle = idle;
        if (left.Length == 0)
            return;
        _logger.LogWarning(
            "{Messages} messages of reactors were held and not handled; they are taken up again",
            left.Length
        );
        await _tables.ReleaseAsync(node, left, ct);
    }

    /// <summary>Nothing waits in memory for one of its places.</summary>
    private bool IsEmpty(Reactor reactor) =>
        _wolverine.Endpoints.EndpointByName(reactor.Name) is LocalQueue { MessageCount: 0 };
}
