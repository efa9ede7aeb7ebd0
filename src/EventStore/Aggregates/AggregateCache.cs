using Veza.EventStore.Caching;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Aggregates;

/// <summary>An aggregate as of a version of its stream.</summary>
/// <param name="State">Null when the stream does not exist.</param>
/// <param name="Position">The position of the stream's newest event.</param>
/// <param name="EventId">The id of the stream's newest event. It differs in a history forked by a failover.</param>
public sealed record AggregateState(object? State, long Version, long Position, Guid EventId)
{
    internal AggregateState After(RecordedEvent e, AggregateFold fold) =>
        new(fold.Next(State, e.Data), e.Version, e.Position, e.Id);
}

/// <summary>
/// Caches aggregates in memory and keeps them fresh with the tail's events, so most decisions do not read the database.
/// Any thread may use it.
/// </summary>
/// <remarks>
/// A stream has one aggregate in the cache. Another type over the same stream is folded on every load.
/// </remarks>
public sealed class AggregateCache
{
    /// <summary>
    /// Cached aggregates, including streams known not to exist. At about a kilobyte each, this is about 200 MB.
    /// </summary>
    public const int AggregatesMax = 200_000;

    /// <summary>
    /// Events that the tail may bring while their stream is loaded: enough for a long and busy one. With more, the
    /// aggregate is returned once and not cached.
    /// </summary>
    private const int MeanwhileMax = 4096;

    private readonly ClockCache<Guid, Entry> _entries;
    private readonly Snapshots _snapshots;

    public AggregateCache(Snapshots snapshots, Tail tail, int modelsMax = AggregatesMax)
    {
        _snapshots = snapshots;
        _entries = new(modelsMax);
        tail.Watch(Follow, early: true);
        LogMetrics.ObserveModels(() => _entries.Count);
    }

    public async ValueTask<AggregateState> LoadAsync(Type aggregate, Guid stream, CancellationToken ct)
    {
        var known = _entries.TryFind(stream, out var found);
        if (found?.Fold.Aggregate == aggregate && found.Value is { } cached)
        {
            LogMetrics.AggregatesFound.Add(1);
            return cached;
        }
        // The entry is added before the stream is read, so it gets the events that the tail brings meanwhile.
        Entry? entry = null;
        if (!known)
        {
            entry = new Entry(AggregateFold.Of(aggregate), stream, _snapshots);
            if (!_entries.TryAdd(stream, entry, out var evicted))
                entry = null;
            if (evicted)
                LogMetrics.AggregatesEvicted.Add(1);
        }
        try
        {
            var fold = AggregateFold.Of(aggregate);
            var (loaded, folded) = await _snapshots.LoadAsync(fold, stream, ct);
            LogMetrics.AggregatesLoaded.Add(1);
            var offered =
                folded >= Snapshots.EveryEvents
                && loaded.State is not null
                && _snapshots.TryOffer(fold, stream, loaded);
            entry?.Loaded(loaded, snapshotAt: offered ? loaded.Version : loaded.Version - folded);
            return entry?.Value ?? loaded;
        }
        finally
        {
            // An empty entry, also after a fault, would keep the stream out of the cache for ever.
            if (entry is { Value: null })
                _entries.Remove(stream, entry);
        }
    }

    /// <summary>As <see cref="LoadAsync"/>, without the version.</summary>
    /// <returns>Null when the stream does not exist.</returns>
    public async ValueTask<T?> FindAsync<T>(Guid stream, CancellationToken ct)
        where T : class => (await LoadAsync(typeof(T), stream, ct)).State as T;

    /// <summary>Removes an aggregate, so that the next decision reads its stream again.</summary>
    public void Drop(Guid stream)
    {
        if (_entries.TryPeek(stream, out var entry))
            _entries.Remove(stream, entry);
    }

    /// <summary>Removes every aggregate. One that is being loaded is not cached.</summary>
    internal void Clear() => _entries.Clear();

    /// <summary>
    /// Removes the aggregates that hold personal texts of an account, and those being loaded that may hold some.
    /// </summary>
    internal void ForgetPersonal(PersonalDataCipher personal, Guid owner)
    {
        foreach (var (stream, entry) in _entries.All)
            if (
                personal.Types.PersonalOf(entry.Fold.Aggregate) is { } properties
                && (
                    entry.Value is not { } value || value.State is { } state && properties.Owners(state).Contains(owner)
                )
            )
                _entries.Remove(stream, entry);
    }

    private void Follow(RecordedEvent e)
    {
        if (_entries.TryPeek(e.StreamId, out var entry) && !entry.Follow(e))
            _entries.Remove(e.StreamId, entry);
    }

    private sealed class Entry(AggregateFold fold, Guid stream, Snapshots snapshots)
    {
        private readonly Lock _gate = new();
        private List<RecordedEvent>? _meanwhile = [];
        private AggregateState? _value;
        private long _snapshotAt;

        public AggregateFold Fold => fold;

        /// <summary>Null while it is loaded, and when it cannot be cached.</summary>
        public AggregateState? Value => Volatile.Read(ref _value);

        /// <param name="snapshotAt">The version of the stream's last snapshot; 0 when there is none.</param>
        public void Loaded(AggregateState loaded, long snapshotAt)
        {
            lock (_gate)
            {
                var meanwhile = _meanwhile;
                _meanwhile = null;
                _snapshotAt = snapshotAt;
                if (meanwhile is null)
                    return;
                Volatile.Write(ref _value, loaded);
                foreach (var e in meanwhile)
                {
                    if (TryFollow(e, _value!))
                        continue;
                    Volatile.Write(ref _value, null);
                    return;
                }
            }
        }

        /// <returns>False when the aggregate is no longer correct.</returns>
        public bool Follow(RecordedEvent e)
        {
            lock (_gate)
            {
                if (_value is { } value)
                    return TryFollow(e, value);
                if (_meanwhile is { Count: < MeanwhileMax } meanwhile)
                    meanwhile.Add(e);
                else
                    _meanwhile = null;
                return true;
            }
        }

        private bool TryFollow(RecordedEvent e, AggregateState value)
        {
            if (e.Version <= value.Version)
                return true;
            if (e.Version > value.Version + 1)
                return false;
            // An event that cannot be read or folded must not stop the tail, and with it the node. The next decision
            // on this stream gets the fault.
            try
            {
                value = value.After(e, fold);
            }
            catch (Exception)
            {
                return false;
            }
            Volatile.Write(ref _value, value);
            if (
                value.Version - _snapshotAt >= Snapshots.EveryEvents
                && value.State is not null
                && snapshots.TryOffer(fold, stream, value)
            )
                _snapshotAt = value.Version;
            return true;
        }
    }
}
