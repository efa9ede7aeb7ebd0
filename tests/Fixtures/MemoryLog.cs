using Veza.Domain;
using Veza.EventStore;
using Veza.EventStore.Aggregates;
using Veza.EventStore.Appending;
using Veza.EventStore.Events;

namespace Veza.Fixtures;

/// <summary>A log in memory that decides an append like <c>log.append_batch</c>, one command at a time.</summary>
/// <remarks>
/// A test compares its outcomes with PostgreSQL's for random commands. It writes no JSON, seals nothing and has no
/// other node, so it is never stale, forked or unavailable. Any thread may use it.
/// </remarks>
public sealed class MemoryLog(EventTypes types) : IDecisionLog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, List<(long Position, DomainEvent Event)>> _streams = [];
    private readonly Dictionary<Guid, DomainEvent[]> _commands = [];
    private readonly Dictionary<Guid, AppendOutcome.Duplicate> _answers = [];
    private readonly Dictionary<(string Scope, string Name), Guid> _names = [];
    private long _head;

    public EventTypes Types => types;
    public long Head => Volatile.Read(ref _head);
    public int HistoryGeneration => 0;

    public ValueTask<AggregateState> LoadAsync(Type aggregate, Guid stream, CancellationToken ct)
    {
        lock (_gate)
        {
            if (!_streams.TryGetValue(stream, out var events))
                return new(new AggregateState(null, 0, 0, Guid.Empty));
            var fold = AggregateFold.Of(aggregate);
            var state = events.Aggregate((object?)null, (state, e) => fold.Next(state, e.Event));
            return new(new AggregateState(state, events.Count, events[^1].Position, Guid.Empty));
        }
    }

    /// <summary>Nothing is cached.</summary>
    public void Drop(Guid stream) { }

    public Task CatchUpAsync(CancellationToken ct) => Task.CompletedTask;

    public Task<AppendOutcome.Duplicate?> FindCommandAsync(Guid id, CancellationToken ct)
    {
        lock (_gate)
            return Task.FromResult(_answers.GetValueOrDefault(id));
    }

    public Task<AppendOutcome> AppendAsync(AppendRequest request)
    {
        lock (_gate)
            return Task.FromResult(Append(request));
    }

    /// <returns>The command's events, in order.</returns>
    public DomainEvent[] EventsOf(Guid command)
    {
        lock (_gate)
            return _commands.GetValueOrDefault(command, []);
    }

    /// <returns>All events of a stream, in order.</returns>
    public DomainEvent[] StreamOf(Guid stream)
    {
        lock (_gate)
            return _streams.TryGetValue(stream, out var events) ? [.. events.Select(e => e.Event)] : [];
    }

    private AppendOutcome Append(AppendRequest request)
    {
        if (_answers.TryGetValue(request.CommandId, out var first))
            return first;
        foreach (var change in request.Changes)
        {
            var actual = VersionOf(change.StreamId);
            if (actual != change.ExpectedVersion)
                return new AppendOutcome.VersionConflict(change.StreamId, actual);
        }
        foreach (var claim in request.Names.Where(n => n.Claim))
            if (_names.TryGetValue((claim.Scope, claim.Name), out var holder) && holder != claim.Owner)
                return new AppendOutcome.NameTaken(claim.Scope, claim.Name);

        foreach (var name in request.Names)
            Change(name);
        foreach (var change in request.Changes)
            Add(change);
        _commands[request.CommandId] = [.. request.Changes.SelectMany(c => c.Events).Cast<DomainEvent>()];

        var answered = request.Changes.FirstOrDefault(c => c.Events.Count > 0);
        var (version, position) = answered is null
            ? request.Unchanged ?? (0, 0)
            : (answered.ExpectedVersion + answered.Events.Count, _head);
        if (request.Fingerprint is { } fingerprint)
            _answers.Add(request.CommandId, new(version, position, request.Answer, fingerprint));
        return new AppendOutcome.Accepted(version, position, default);
    }

    private void Change(UniqueNameClaim name)
    {
        if (name.Claim)
            _names[(name.Scope, name.Name)] = name.Owner;
        else if (_names.GetValueOrDefault((name.Scope, name.Name)) == name.Owner)
            _names.Remove((name.Scope, name.Name));
    }

    private void Add(StreamChange change)
    {
        if (change.Events.Count == 0)
            return;
        if (!_streams.TryGetValue(change.StreamId, out var stream))
            _streams.Add(change.StreamId, stream = []);
        foreach (var e in change.Events)
        {
            // Throws for an event type that the log would refuse.
            types.Describe(e.GetType());
            stream.Add((++_head, (DomainEvent)e));
        }
    }

    private long VersionOf(Guid stream) => _streams.TryGetValue(stream, out var events) ? events.Count : 0;
}
