using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Veza.EventStore.Running;

namespace Veza.EventStore.Reactions;

/// <summary>Runs the reactions of a node, each at its own pace. Of several nodes one runs each of them; the others stand by.</summary>
public sealed class ReactionHost : IAsyncDisposable
{
    public const string Kind = "reaction";

    private readonly EventLog _log;
    private readonly Dictionary<string, ReactionRunner> _runners;
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public ReactionHost(EventLog log, IEnumerable<IReaction> reactions, TimeProvider clock, ILoggerFactory loggers, Retries? retries = null)
    {
        _log = log;
        _runners = reactions.ToDictionary(r => r.Name, r =>
            new ReactionRunner(log, r, retries ?? r.Retries ?? Retries.OfReactions, clock, loggers.CreateLogger<ReactionRunner>()));
        LogMetrics.Meter.CreateObservableGauge("veza.reaction.lag", () => Measure(s => s.Lag), "{event}", "Events between the head and the oldest one a reaction is not done with.");
        LogMetrics.Meter.CreateObservableGauge("veza.reaction.parked", () => Measure(s => s.Parked), "{event}", "Events a reaction gave up.");
    }

    public IReadOnlyList<ReactionStatus> Status => [.. _runners.Values.Select(r => r.Status)];

    public void Start() => _running = Task.WhenAll(_runners.Values.Select(r => Task.Run(() =>
        _log.Owners.RunAsync(r.Name, Kind, () => r.Status.Error, r.RunAsync, _stopping.Token))));

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
