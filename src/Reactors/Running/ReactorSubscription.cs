using Microsoft.Extensions.Logging;
using Npgsql;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Subscriptions;
using Wolverine;
using Wolverine.RDBMS;
using Wolverine.Runtime;

namespace Veza.Reactors.Running;

/// <summary>Stores a reactor's events in its queue, in the transaction that moves the checkpoint past them.</summary>
internal sealed class ReactorSubscription : ISubscription
{
    /// <summary>
    /// Unfinished messages of one reactor, of about 300 bytes. A new reactor begins at the log's first event and must
    /// not copy the whole log into its queue.
    /// </summary>
    public const int WaitingMax = 1000;

    private static readonly TimeSpan LookForRoomEvery = TimeSpan.FromSeconds(1);

    private readonly Reactor _reactor;
    private readonly EventLog _log;
    private readonly ReactorTables _tables;
    private readonly IWolverineRuntime _wolverine;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Dictionary<string, Type> _messages;
    private IReadOnlyList<Envelope> _stored = [];

    public ReactorSubscription(
        Reactor reactor,
        EventLog log,
        ReactorTables tables,
        IWolverineRuntime wolverine,
        TimeProvider clock,
        ILogger logger
    )
    {
        _reactor = reactor;
        _log = log;
        _tables = tables;
        _wolverine = wolverine;
        _clock = clock;
        _logger = logger;
        _messages = reactor.Events.ToDictionary(
            e => log.Types.Describe(e).Name,
            e => typeof(Appended<>).MakeGenericType(e)
        );
    }

    public string Name => _reactor.Name;
    public IReadOnlySet<Type> Events => _reactor.Events;

    public async Task WaitForRoomAsync(CancellationToken ct)
    {
        while (await _tables.CountWaitingAsync(_reactor.Queue, ct) >= WaitingMax)
            await Task.Delay(LookForRoomEvery, _clock, ct);
    }

    public async Task StoreAsync(
        IReadOnlyList<RecordedEvent> events,
        NpgsqlTransaction transaction,
        CancellationToken ct
    )
    {
        var messages = events.ToDictionary(e => MessageIds.Of(Name, e.StreamId, e.Position));
        // After a checkpoint was set back, messages may exist, and the database would refuse a second one.
        var existing = await ReactorTables.FindAsync([.. messages.Keys], transaction, ct);
        _stored = [.. messages.Where(m => !existing.Contains(m.Key)).Select(m => Envelope(m.Key, m.Value))];
        if (_stored.Count > 0)
            await ((IMessageDatabase)_wolverine.Storage).StoreIncomingAsync(transaction, [.. _stored]);
    }

    public async ValueTask StoredAsync(CancellationToken ct)
    {
        try
        {
            await _wolverine.EnqueueDirectlyAsync(_stored);
        }
        catch (Exception fault) when (!ct.IsCancellationRequested)
        {
            // They are stored, and the sweep releases them to be handled.
            _logger.LogWarning(fault, "Reactor {Reactor} could not enqueue {Messages} messages", Name, _stored.Count);
        }
    }

    private Envelope Envelope(Guid id, RecordedEvent e) =>
        new(Activator.CreateInstance(_messages[e.Name], e.Position)!)
        {
            Id = id,
            Destination = _reactor.Queue,
            Serializer = _wolverine.Options.DefaultSerializer,
            ContentType = _wolverine.Options.DefaultSerializer.ContentType,
            Status = EnvelopeStatus.Incoming,
            OwnerId = _wolverine.DurabilitySettings.AssignedNodeNumber,
            // Wolverine runs the handler in this trace, and the reactor's commands with it.
            ParentId = _clock.GetUtcNow() - e.At > CommandTraces.AgeMax ? null : e.Trace,
        };
}
