using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Veza.EventStore.Aggregates;

/// <summary>
/// A dictionary of bounded size that evicts by CLOCK (second chance): a hand goes round the entries and evicts the
/// first one that was not read since its last round. A new entry counts as not read, so a burst of entries that are
/// never read again does not evict the ones in use.
/// </summary>
/// <remarks>Any thread may use it. Reading takes no lock; adding and removing take a short one.</remarks>
internal sealed class ClockCache<TKey, TValue>(int valuesMax)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, Place> _places = new();

    // Grows to valuesMax, then its places are reused; null where a value was removed.
    private readonly List<Place?> _ring = [];
    private readonly Stack<int> _free = new();
    private readonly Lock _change = new();
    private int _hand;

    public int Count => _places.Count;

    /// <summary>All values. Concurrent changes may show or not.</summary>
    public IEnumerable<(TKey Key, TValue Value)> All => _places.Values.Select(p => (p.Key, p.Value));

    /// <summary>Looks a value up and marks it as used.</summary>
    public bool TryFind(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        if (!_places.TryGetValue(key, out var place))
        {
            value = null;
            return false;
        }
        // Written only when it changes, so that a place that many threads read stays in the caches of their cores.
        if (!place.Found)
            place.Found = true;
        value = place.Value;
        return true;
    }

    /// <summary>Looks a value up without marking it as used.</summary>
    public bool TryPeek(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        value = _places.TryGetValue(key, out var place) ? place.Value : null;
        return value is not null;
    }

    /// <returns>False when the key has a value already.</returns>
    /// <param name="evicted">Whether another value was evicted.</param>
    public bool TryAdd(TKey key, TValue value, out bool evicted)
    {
        evicted = false;
        lock (_change)
        {
            if (_places.ContainsKey(key))
                return false;
            if (!_free.TryPop(out var index))
            {
                if (_ring.Count < valuesMax)
                {
                    index = _ring.Count;
                    _ring.Add(null);
                }
                else
                {
                    index = Evict();
                    evicted = true;
                }
            }
            _places[key] = _ring[index] = new(key, value, index);
            return true;
        }
    }

    public void Clear()
    {
        lock (_change)
        {
            _places.Clear();
            _ring.Clear();
            _free.Clear();
            _hand = 0;
        }
    }

    /// <summary>Removes this value, but not another one that has its key by now.</summary>
    public void Remove(TKey key, TValue value)
    {
        lock (_change)
        {
            if (!_places.TryGetValue(key, out var place) || !ReferenceEquals(place.Value, value))
                return;
            _places.TryRemove(key, out _);
            _ring[place.Index] = null;
            _free.Push(place.Index);
        }
    }

    // Called when every place is taken. One round marks all as not read, so the second round ends it at the latest.
    private int Evict()
    {
        while (true)
        {
            var index = _hand;
            _hand = (_hand + 1) % _ring.Count;
            var place = _ring[index]!;
            if (place.Found)
            {
                place.Found = false;
                continue;
            }
            _places.TryRemove(place.Key, out _);
            return index;
        }
    }

    private sealed class Place(TKey key, TValue value, int index)
    {
        public volatile bool Found;

        public TKey Key { get; } = key;
        public TValue Value { get; } = value;
        public int Index { get; } = index;
    }
}
