using Veza.EventStore.Caching;
using Veza.EventStore.Events;
using Veza.EventStore.Metrics;
using Veza.EventStore.Personal;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Aggregates;

/// <summary>A model as of a version of its stream.</summary>
/// <param name="State">Null when the stream does not exist.</param>
/// <param name="Position">Of the stream's newest event.</param>
/// <param name="EventId">Of the stream's newest event: it tells this history from one that was forked off it.</param>
public sealed record AggregateState(object? State, long Version, long Position, Guid EventId)
{
    internal AggregateState After(RecordedEvent e, AggregateFold fold) =>
        new(fold.Next(State, e.Data), e.Version, e.Position, e.Id);
}

/// <summary>
/// Models folded from their streams, kept in memory and kept fresh by the tail: most decisions read nothing from the
/// database.
/// </summary>
/// <remarks>A stream has one model. One asked for as a second is read each time.</remarks>
public sealed class AggregateCache
{
    /// <summary>Models kept, streams known not to exist included. At about a kilobyte each, some 200 MB.</summary>
    public const int ModelsMax = 200_000;

    /// <summary>
    /// Events that may come while their stream is read: enough for one that is long and busy. With more, the model is
    /// given once and not kept.
    /// </summary>
    private const int MeanwhileMax = 4096;

    private readonly ClockCache<Guid, Entry> _entries;
    private readonly Snapshots _snapshots;

    public AggregateCache(Snapshots snapshots, Tail tail, int modelsMax = ModelsMax)
    {
        _snapshots = snapshots;
        _entries = new(modelsMax);
        tail.Watch(Follow, atOnce: true);
        LogMetrics.ObserveModels(() => _entries.Count);
    }

    public async ValueTask<AggregateState> LoadAsync(Type model, Guid stream, CancellationToken ct)
    {
        var known = _entries.TryFind(stream, out var found);
        if (found?.Fold.Model == model && found.Value is { } cached)
        {
            LogMetrics.ModelsFound.Add(1);
            return cached;
        }
        // The entry stands there before the stream is read, so that it gets the events that the tail brings meanwhile.
        Entry? entry = null;
        if (!known)
        {
            entry = new Entry(AggregateFold.Of(model), stream, _snapshots);
            if (!_entries.TryAdd(stream, entry, out var evicted))
                entry = null;
            if (evicted)
                LogMetrics.ModelsEvicted.Add(1);
        }
        try
        {
            var fold = AggregateFold.Of(model);
            var (loaded, folded) = await _snapshots.LoadAsync(fold, stream, ct);
            LogMetrics.ModelsLoaded.Add(1);
            var offered =
                folded >= Snapshots.EveryEvents
                && loaded.State is not null
                && _snapshots.TryOffer(fold, stream, loaded);
            entry?.Loaded(loaded, snapshotAt: offered ? loaded.Version : loaded.Version - folded);
            return entry?.Value ?? loaded;
        }
        finally
        {
            // An empty entry, left by a fault too, would keep the stream from ever being cached again.
            if (entry is { Value: null })
                _entries.Remove(stream, entry);
        }
    }

    /// <summary>Forgets a model, so that the next decision reads its stream again.</summary>
    public void Drop(Guid stream)
    {
        if (_entries.TryPeek(stream, out var entry))
            _entries.Remove(stream, entry);
    }

    /// <summary>Forgets every model; one that is being loaded is not kept.</summary>
    internal void Clear() => _entries.Clear();

    /// <summary>Forgets the models that hold personal texts of an account, and those being loaded that may.</summary>
    internal void ForgetPersonal(PersonalDataCipher personal, Guid owner)
    {
        foreach (var (stream, entry) in _entries.All)
            if (
                personal.Types.PersonalOf(entry.Fold.Model) is { } properties
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

        /// <summary>Null while it is loaded, and when it could not be kept.</summary>
        public AggregateState? Value => Volatile.Read(ref _value);

        /// <param name="snapshotAt">The version of the stream's last snapshot; 0 when there is none.</param>
        public void Loaded(AggregateState loaded, long snapshotAt)
        {
            lock (_gate)
            {
                var meanwhile = _meanwhile;
                (_meanwhile, _snapshotAt) = (null, snapshotAt);
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

        /// <returns>False when the model can no longer be trusted.</returns>
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
            // An event that cannot be read or folded must not stop the tail, and with it the node; whoever decides on
            // this stream next meets the fault itself.
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
