using System.Collections.Concurrent;
using Veza.EventStore.Reading;

namespace Veza.EventStore.Models;

/// <summary>A model as of a version of its stream.</summary>
/// <param name="State">Null when the stream does not exist.</param>
/// <param name="Position">Of the stream's newest event.</param>
public sealed record Versioned(object? State, long Version, long Position);

/// <summary>Models folded from their streams, kept in memory and kept fresh by the tail: most decisions read nothing from the database.</summary>
public sealed class ModelCache
{
    /// <summary>Models kept; the longest unloaded go first. At about a kilobyte each, some 200 MB.</summary>
    public const int ModelsMax = 200_000;

    private readonly ConcurrentDictionary<Guid, Entry> _entries = new();
    private readonly ConcurrentQueue<KeyValuePair<Guid, Entry>> _order = new();
    private readonly LogReader _reader;
    private readonly int _modelsMax;

    public ModelCache(LogReader reader, Tail tail, int modelsMax = ModelsMax)
    {
        (_reader, _modelsMax) = (reader, modelsMax);
        tail.Watch(Follow);
        LogMetrics.ObserveModels(() => _entries.Count);
    }

    public async ValueTask<Versioned> LoadAsync(Type model, Guid stream, CancellationToken ct)
    {
        if (_entries.TryGetValue(stream, out var known) && known.Model == model && known.Value is { } cached)
        {
            LogMetrics.ModelsFound.Add(1);
            return cached;
        }
        // The entry stands there before the stream is read: an event that the tail brings meanwhile marks it, and what was read is then not kept.
        var entry = new Entry(model);
        if (known is null && _entries.TryAdd(stream, entry)) Keep(new(stream, entry));
        else entry = null;
        try
        {
            var fold = ModelFold.Of(model);
            var loaded = new Versioned(null, 0, 0);
            foreach (var e in await _reader.ReadStreamAsync(stream, 0, ct)) loaded = new(fold.Next(loaded.State, e.Data), e.Version, e.Position);
            LogMetrics.ModelsLoaded.Add(1);
            entry?.Loaded(loaded);
            return loaded;
        }
        finally
        {
            // An empty entry, left by a fault too, would keep the stream from ever being cached again.
            if (entry is { Value: null }) _entries.TryRemove(new(stream, entry));
        }
    }

    /// <summary>Forgets a model, so that the next decision reads its stream again.</summary>
    public void Drop(Guid stream) => _entries.TryRemove(stream, out _);

    /// <summary>Forgets every model; one that is being loaded is not kept.</summary>
    internal void Clear() => _entries.Clear();

    // The entry with its id: what was dropped and loaded anew since is another entry, whose turn has not come.
    private void Keep(KeyValuePair<Guid, Entry> kept)
    {
        _order.Enqueue(kept);
        while (_order.Count > _modelsMax && _order.TryDequeue(out var oldest)) _entries.TryRemove(oldest);
    }

    private void Follow(RecordedEvent e)
    {
        if (_entries.TryGetValue(e.StreamId, out var entry) && !entry.Follow(e)) Drop(e.StreamId);
    }

    private sealed class Entry(Type model)
    {
        private readonly ModelFold _fold = ModelFold.Of(model);
        private readonly Lock _gate = new();
        private bool _overtaken;

        public Type Model { get; } = model;
        public Versioned? Value { get; private set; }

        public void Loaded(Versioned value)
        {
            lock (_gate) if (!_overtaken) Value = value;
        }

        // An event that cannot be read or folded must not stop the tail, and with it the node; whoever decides on this stream next meets the fault itself.
        private bool TryFold(RecordedEvent e, object? state)
        {
            try { Value = new(_fold.Next(state, e.Data), e.Version, e.Position); }
            catch (Exception) { return false; }
            return true;
        }

        /// <returns>False when the model can no longer be trusted.</returns>
        public bool Follow(RecordedEvent e)
        {
            lock (_gate)
            {
                if (Value is null) _overtaken = true;
                else if (e.Version > Value.Version + 1) return false;
                else if (e.Version == Value.Version + 1) return TryFold(e, Value.State);
                return true;
            }
        }
    }
}
