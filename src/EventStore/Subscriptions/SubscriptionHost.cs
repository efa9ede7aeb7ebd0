using Microsoft.Extensions.Logging;
using Veza.EventStore.Coordination;

namespace Veza.EventStore.Subscriptions;

/// <summary>
/// Runs the subscriptions of a node, each at its own pace. One node runs each subscription at a time.
/// </summary>
/// <remarks>A subscription that fails delays no other; <see cref="ProcessorStatus"/> shows its fault.</remarks>
public sealed class SubscriptionHost : IAsyncDisposable
{
    /// <summary>The <see cref="RunnerStatus.Kind"/> of subscriptions.</summary>
    public const string Kind = "subscription";

    private readonly EventLog _log;
    private readonly Dictionary<string, SubscriptionRunner> _runners;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public SubscriptionHost(
        EventLog log,
        IEnumerable<ISubscription> subscriptions,
        TimeProvider clock,
        ILoggerFactory loggers
    )
    {
        _log = log;
        var logger = loggers.CreateLogger<SubscriptionHost>();
        _runners = subscriptions.ToDictionary(s => s.Name, s => new SubscriptionRunner(log, s, clock, logger));
    }

    public void Start() =>
        _running = Task.WhenAll(
            _runners.Values.Select(runner =>
                Task.Run(() =>
                    _log.Coordinator.RunAsync(runner.Name, Kind, () => runner.Error, runner.RunAsync, _stopping.Token)
                )
            )
        );

    /// <summary>Completes when this node's runner has stored everything up to <paramref name="position"/>.</summary>
    public Task WaitAsync(string name, long position, CancellationToken ct) => _runners[name].WaitAsync(position, ct);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }
}
