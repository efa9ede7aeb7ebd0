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
    private readonly ConcurrentQueue<Guid> _order = new();
    private readonly LogReader _reader;

    public ModelCache(LogReader reader, Tail tail)
    {
        _reader = reader;
        tail.Watch(Follow);
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
        if (known is null && _entries.TryAdd(stream, entry)) Keep(stream);
        else entry = null;
        var fold = ModelFold.Of(model);
        var loaded = new Versioned(null, 0, 0);
        foreach (var e in await _reader.ReadStreamAsync(stream, 0, ct)) loaded = new(fold.Next(loaded.State, e.Data), e.Version, e.Position);
        LogMetrics.ModelsLoaded.Add(1);
        entry?.Loaded(loaded);
        if (entry is { Value: null }) Drop(stream);
        return loaded;
    }

    /// <summary>Forgets a model, so that the next decision reads its stream again.</summary>
    public void Drop(Guid stream) => _entries.TryRemove(stream, out _);

    private void Keep(Guid stream)
    {
        _order.Enqueue(stream);
        while (_order.Count > ModelsMax && _order.TryDequeue(out var oldest)) _entries.TryRemove(oldest, out _);
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

        // An event that cannot be read must not stop the tail; whoever decides on this stream next meets the fault itself.
        private bool TryFold(RecordedEvent e, object? state)
        {
            try { Value = new(_fold.Next(state, e.Data), e.Version, e.Position); }
            catch (System.Text.Json.JsonException) { return false; }
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
