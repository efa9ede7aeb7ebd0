using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Veza.EventStore.Reactions;

/// <summary>Runs every reaction of a node, each at its own pace.</summary>
public sealed class ReactionHost : IAsyncDisposable
{
    private readonly Dictionary<string, ReactionRunner> _runners;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public ReactionHost(EventLog log, IEnumerable<IReaction> reactions, TimeProvider clock, ILoggerFactory loggers, ReactionRetries? retries = null)
    {
        _runners = reactions.ToDictionary(r => r.Name, r => new ReactionRunner(log, r, retries ?? ReactionRetries.Default, clock, loggers.CreateLogger<ReactionRunner>()));
        LogMetrics.Meter.CreateObservableGauge("veza.reaction.lag", () => Measure(s => s.Lag), "{event}", "Events between the head and the oldest one a reaction is not done with.");
        LogMetrics.Meter.CreateObservableGauge("veza.reaction.parked", () => Measure(s => s.Parked), "{event}", "Events a reaction gave up.");
    }

    public IReadOnlyList<ReactionStatus> Status => [.. _runners.Values.Select(r => r.Status)];

    public void Start() => _running = Task.WhenAll(_runners.Values.Select(r => Task.Run(() => r.RunAsync(_stopping.Token))));

    /// <summary>Completes when the named reaction is done with everything up to <paramref name="position"/>, parked events included.</summary>
    public Task WaitAsync(string name, long position, CancellationToken ct) => _runners[name].WaitAsync(position, ct);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    private IEnumerable<Measurement<long>> Measure(Func<ReactionStatus, long> what) =>
        _runners.Values.Select(r => new Measurement<long>(what(r.Status), new KeyValuePair<string, object?>("reaction", r.Name)));
}
