using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine.Runtime;

namespace Veza.Reactors.Running;

/// <summary>
/// Begins and ends the runs of this node's reactors. The generated handlers call it, from any thread.
/// </summary>
public sealed class ReactorRuns
{
    /// <summary>The meter of this project's metrics.</summary>
    public const string MeterName = "Veza.Reactors";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Events = Meter.CreateCounter<long>(
        "veza.reactor.events",
        "{event}",
        "Events that a reactor handled, by outcome: done, failed or dead."
    );

    private readonly EventLog _log;
    private readonly ReactorTables _tables;
    private readonly CancellationToken _stopping;
    private readonly ILogger _logger;
    private readonly Dictionary<Uri, Reactor> _reactors;
    private readonly ConcurrentDictionary<Guid, byte> _running = new();

    internal ReactorRuns(
        EventLog log,
        ReactorTables tables,
        IReadOnlyList<Reactor> reactors,
        IHostApplicationLifetime lifetime,
        ILogger<ReactorRuns> logger
    )
    {
        _log = log;
        _tables = tables;
        _stopping = lifetime.ApplicationStopping;
        _logger = logger;
        _reactors = reactors.ToDictionary(reactor => reactor.Queue);
    }

    /// <summary>Reads the event for its handler.</summary>
    /// <returns>Null when the event is already handled or no longer in the log.</returns>
    /// <exception cref="HeldBackException">The event's turn has not come.</exception>
    public async Task<ReactorRun<TEvent>?> BeginAsync<TEvent>(
        MessageContext context,
        Appended<TEvent> message,
        CancellationToken ct
    )
        where TEvent : class
    {
        var envelope = context.Envelope!;
        var reactor = _reactors[envelope.Destination!];
        if (!_running.TryAdd(envelope.Id, 0))
            throw new HeldBackException();
        try
        {
            if (_stopping.IsCancellationRequested)
                throw new ReactorStoppedException();
            var (isFinished, isHeldBack) = await _tables.LookAsync(envelope.Id, ct);
            if (isHeldBack)
                throw new HeldBackException();
            var found = isFinished
                ? []
                : await _log.Reader.ReadAsync(new(message.Position - 1, message.Position), 1, ct);
            // After a failover another event may have the position; the message belongs to a lost one.
            if (
                found is not [var record]
                || MessageIds.Of(reactor.Name, record.StreamId, record.Position) != envelope.Id
            )
            {
                End(envelope.Id);
                return null;
            }
            if (_log.Types.IsNewer(record.Type))
                throw new ReactorWaitsException($"the event's type is {record.Type}, which only a later release reads");
            var isLast = envelope.Attempts >= reactor.Retries.AttemptsMax;
            var e = new AppendedEvent<TEvent>(record, (TEvent)record.Data!, reactor.Name, isLast)
            {
                IsTransient = IsTransient,
            };
            var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping);
            return new(this, envelope.Id, envelope.Attempts, e, stopping);
        }
        catch (Exception fault)
        {
            End(envelope.Id);
            if (fault is not (HeldBackException or ReactorStoppedException or ReactorWaitsException))
                _logger.LogWarning(
                    "Reactor {Reactor} could not read event {Position}, attempt {Attempt}: {Reason}",
                    reactor.Name,
                    message.Position,
                    envelope.Attempts,
                    fault.Message
                );
            throw;
        }
    }

    /// <summary>Whether this node handles the message now.</summary>
    internal bool IsRunning(Guid message) => _running.ContainsKey(message);

    internal void End(Guid message) => _running.TryRemove(message, out _);

    internal void Succeeded(string reactor) => Count(reactor, "done");

    /// <exception cref="ReactorStoppedException">The node stops, so the fault is none.</exception>
    /// <exception cref="ReactorWaitsException">The fault is transient.</exception>
    internal void Failed<TEvent>(AppendedEvent<TEvent> e, int attempt, Exception fault)
        where TEvent : class
    {
        if (fault is OperationCanceledException && _stopping.IsCancellationRequested)
            throw new ReactorStoppedException();
        if (fault is ReactorNotBeforeException)
            return;
        if (e.IsTransient(fault) && !ReactorFailures.IsTransient(fault))
            throw new ReactorWaitsException(fault.Message, fault);
        if (e.IsGivenUpAfter(fault))
        {
            Count(e.Reactor, "dead");
            _logger.LogError(
                fault,
                "Reactor {Reactor} gives event {Position} up after {Attempts} attempts",
                e.Reactor,
                e.Position,
                attempt
            );
            return;
        }
        Count(e.Reactor, "failed");
        _logger.LogWarning(
            "Reactor {Reactor} failed at event {Position}, attempt {Attempt}: {Reason}",
            e.Reactor,
            e.Position,
            attempt,
            fault.Message
        );
    }

    /// <summary>Every fault is transient while the disk is full.</summary>
    private bool IsTransient(Exception fault) => ReactorFailures.IsTransient(fault) || _log.Disk is { IsFull: true };

    private static void Count(string reactor, string outcome) =>
        Events.Add(1, new("reactor", reactor), new("outcome", outcome));
}

/// <summary>One run of a reactor's handler for one event.</summary>
public sealed class ReactorRun<TEvent> : IDisposable
    where TEvent : class
{
    private readonly ReactorRuns _runs;
    private readonly Guid _message;
    private readonly int _attempt;
    private readonly CancellationTokenSource _stopping;

    internal ReactorRun(
        ReactorRuns runs,
        Guid message,
        int attempt,
        AppendedEvent<TEvent> e,
        CancellationTokenSource stopping
    )
    {
        _runs = runs;
        _message = message;
        _attempt = attempt;
        _stopping = stopping;
        Event = e;
    }

    public AppendedEvent<TEvent> Event { get; }

    /// <summary>Cancelled also when the node begins to stop. The event then waits for the next start.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void Succeeded() => _runs.Succeeded(Event.Reactor);

    /// <summary>Counts and logs the failed attempt. Throws when the fault counts as none.</summary>
    public void Failed(Exception fault) => _runs.Failed(Event, _attempt, fault);

    public void Dispose()
    {
        _runs.End(_message);
        _stopping.Dispose();
    }
}
