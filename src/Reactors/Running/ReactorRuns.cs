using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine.Runtime;

namespace Veza.Reactors.Running;

/// <summary>Begins and ends what the handlers of this node's reactors do. Generated handlers call it.</summary>
public sealed class ReactorRuns
{
    /// <summary>Of this room's metrics.</summary>
    public const string MeterName = "Veza.Reactors";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Events = Meter.CreateCounter<long>(
        "veza.reactor.events",
        "{event}",
        "Events a reactor dealt with, by outcome: done, failed or dead."
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

    /// <summary>Looks the event up for its handler.</summary>
    /// <returns>
    /// Null when there is nothing to do: it was handled before, or the log does not have it any more.
    /// </returns>
    /// <exception cref="HeldBackException">It is not the event's turn.</exception>
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
            // After a failover another event may stand there; the message was of one that is gone.
            if (
                found is not [var record]
                || MessageIds.Of(reactor.Name, record.StreamId, record.Position) != envelope.Id
            )
            {
                End(envelope.Id);
                return null;
            }
            if (_log.Types.IsNewer(record.Type))
                throw new ReactorWaitsException($"the event is of {record.Type}, which a later release knows");
            var isLast = envelope.Attempts >= reactor.Retries.AttemptsMax;
            var e = new AppendedEvent<TEvent>(record, (TEvent)record.Data!, reactor.Name, isLast)
            {
                ComesBack = ComesBack,
            };
            var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct, _stopping);
            return new(this, envelope.Id, envelope.Attempts, e, stopping);
        }
        catch (Exception fault)
        {
            End(envelope.Id);
            if (fault is not (HeldBackException or ReactorStoppedException or ReactorWaitsException))
                _logger.LogWarning(
                    "Reactor {Reactor} could not look at event {Position}, attempt {Attempt}: {Reason}",
                    reactor.Name,
                    message.Position,
                    envelope.Attempts,
                    fault.Message
                );
            throw;
        }
    }

    /// <summary>Whether this node handles the message at this moment.</summary>
    internal bool IsRunning(Guid message) => _running.ContainsKey(message);

    internal void End(Guid message) => _running.TryRemove(message, out _);

    internal void Succeeded(string reactor) => Count(reactor, "done");

    /// <exception cref="ReactorStoppedException">The node stops, and it is no fault.</exception>
    /// <exception cref="ReactorWaitsException">The fault passes.</exception>
    internal void Failed<TEvent>(AppendedEvent<TEvent> e, int attempt, Exception fault)
        where TEvent : class
    {
        if (fault is OperationCanceledException && _stopping.IsCancellationRequested)
            throw new ReactorStoppedException();
        if (fault is ReactorNotBeforeException)
            return;
        if (e.ComesBack(fault) && !ReactorFailures.ComesBack(fault))
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

    /// <summary>Also whatever fails while the disk is full.</summary>
    private bool ComesBack(Exception fault) => ReactorFailures.ComesBack(fault) || _log.Disk is { IsFull: true };

    private static void Count(string reactor, string outcome) =>
        Events.Add(1, new("reactor", reactor), new("outcome", outcome));
}

/// <summary>One event in one reactor's hands.</summary>
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

    /// <summary>Also when the node begins to stop: then the event is left for the next start.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public void Succeeded() => _runs.Succeeded(Event.Reactor);

    /// <summary>Says so; throws where the fault is no failed attempt.</summary>
    public void Failed(Exception fault) => _runs.Failed(Event, _attempt, fault);

    public void Dispose()
    {
        _runs.End(_message);
        _stopping.Dispose();
    }
}
