using System.Diagnostics.Metrics;
using Veza.EventStore.Coordination;
using Veza.EventStore.Subscriptions;

namespace Veza.Reactors.Running;

/// <summary>A reactor's progress.</summary>
/// <param name="State">
/// Running: a node feeds its queue. Faulted: a node tries and fails. Waiting: no node feeds it.
/// </param>
/// <param name="Position">The reactor is done with everything at or below it, dead letters included.</param>
/// <param name="Lag">Events of the log behind it.</param>
/// <param name="Waiting">
/// Unfinished events in its queue, including those that wait for their next attempt.
/// </param>
/// <param name="Dead">Dead letters that are not retried or skipped yet.</param>
/// <param name="Node">The node that feeds its queue; null when none does.</param>
/// <param name="Error">Why its queue is not fed, or the error of one of its dead letters; null without either.</param>
public sealed record ReactorStatus(
    string Name,
    RunnerState State,
    long Position,
    long Lag,
    long Waiting,
    long Dead,
    Guid? Node,
    string? Error
);

/// <summary>
/// The progress of the reactors of all nodes, and the decisions about their dead letters. Any node may use it, from any
/// thread.
/// </summary>
public sealed class ReactorQueues
{
    private static readonly Meter Meter = new(ReactorRuns.MeterName);

    private readonly EventLog _log;
    private readonly ReactorTables _tables;
    private IReadOnlyList<ReactorStatus> _measured = [];

    public ReactorQueues(EventLog log)
    {
        _log = log;
        _tables = new ReactorTables(log.Database);
        Meter.CreateObservableGauge(
            "veza.reactor.lag",
            () => Measure(s => s.Lag),
            "{event}",
            "Events between the head and the oldest one that a reactor has not finished; measured every 5 s."
        );
        Meter.CreateObservableGauge(
            "veza.reactor.dead",
            () => Measure(s => s.Dead),
            "{event}",
            "Dead letters of a reactor; measured every 5 s."
        );
    }

    /// <returns>In the order of their names. The queue of reactors' delayed commands is among them.</returns>
    public async Task<IReadOnlyList<ReactorStatus>> StatusAsync(CancellationToken ct)
    {
        // The checkpoints first: an event that moves from the log into a queue meanwhile is seen twice and not missed.
        var runners = (await _log.Processors.StatusAsync(ct)).ToDictionary(runner => runner.Name);
        var states = await _tables.StatesAsync(ct);
        var reactors = WolverineReactors.All.Select(reactor =>
            Of(reactor, runners.GetValueOrDefault(reactor.Name), states.GetValueOrDefault(reactor.Queue.ToString()))
        );
        return _measured = [
            .. reactors.Append(OfCommands(states)).OrderBy(status => status.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether there is a reactor of this name; the queue of commands counts as one.</summary>
    public static bool Has(string name) => Find(name) is not null;

    /// <summary>Lets a reactor handle its dead letters again.</summary>
    /// <returns>How many; null when there is no such reactor.</returns>
    public async Task<int?> RetryAsync(string name, CancellationToken ct) =>
        Find(name) is { } queue ? await _tables.RetryAsync(queue, ct) : null;

    /// <summary>Dismisses a reactor's dead letters.</summary>
    /// <inheritdoc cref="RetryAsync"/>
    public async Task<int?> SkipAsync(string name, CancellationToken ct) =>
        Find(name) is { } queue ? await _tables.SkipAsync(queue, ct) : null;

    /// <summary>Completes when a reactor is done with everything up to a position, dead letters included.</summary>
    public async Task WaitAsync(string name, long position, CancellationToken ct)
    {
        while ((await StatusAsync(ct)).Single(status => status.Name == name).Position < position)
            await Task.Delay(TimeSpan.FromMilliseconds(50), ct);
    }

    private static Uri? Find(string name) =>
        name == WolverineReactors.CommandQueue.Name
            ? WolverineReactors.CommandQueue.Address
            : WolverineReactors.All.FirstOrDefault(reactor => reactor.Name == name)?.Queue;

    /// <summary>The queue of delayed commands is shown like a reactor without a lag.</summary>
    private ReactorStatus OfCommands(IReadOnlyDictionary<string, QueueState> states)
    {
        var (name, address) = WolverineReactors.CommandQueue;
        var queue = states.GetValueOrDefault(address.ToString());
        return new(
            name,
            RunnerState.Running,
            _log.Head,
            Lag: 0,
            queue?.Waiting ?? 0,
            queue?.Dead ?? 0,
            Node: null,
            queue?.Error
        );
    }

    private ReactorStatus Of(Reactor reactor, RunnerStatus? runner, QueueState? queue)
    {
        var fed = runner?.Position ?? 0;
        var position = queue?.Oldest is { } oldest ? Math.Min(fed, oldest - 1) : fed;
        return new(
            reactor.Name,
            runner?.State ?? RunnerState.Waiting,
            position,
            Math.Max(0, _log.Head - position),
            queue?.Waiting ?? 0,
            queue?.Dead ?? 0,
            runner?.Node,
            runner?.Error ?? queue?.Error
        );
    }

    private IEnumerable<Measurement<long>> Measure(Func<ReactorStatus, long> value) =>
        _measured.Select(status => new Measurement<long>(
            value(status),
            new KeyValuePair<string, object?>("reactor", status.Name)
        ));
}
