using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Veza.EventStore.Caching;

/// <summary>
/// A dictionary of at most so many values, which forgets what was not looked for lately: a hand goes round the places
/// and takes the first whose value was not found since it last came by (CLOCK, or second chance). A value begins as not
/// found, so that a burst of values nobody asks for again passes through without pushing out those in use.
/// </summary>
/// <remarks>Looking up takes no lock; adding and removing take a short one.</remarks>
internal sealed class ClockCache<TKey, TValue>(int valuesMax)
    where TKey : notnull
    where TValue : class
{
    private readonly ConcurrentDictionary<TKey, Place> _places = new();

    // Filled up to valuesMax, then used over and over; null where a value was removed.
    private readonly List<Place?> _ring = [];
    private readonly Stack<int> _free = new();
    private readonly Lock _change = new();
    private int _hand;

    public int Count => _places.Count;

    /// <summary>All values, as they are while this goes through them.</summary>
    public IEnumerable<(TKey Key, TValue Value)> All => _places.Values.Select(p => (p.Key, p.Value));

    /// <summary>Looks a value up because somebody uses it.</summary>
    public bool TryFind(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        if (!_places.TryGetValue(key, out var place))
        {
            value = null;
            return false;
        }
        // Written only when it changes: a place that many threads read stays in the caches of all their cores.
        if (!place.Found)
            place.Found = true;
        value = place.Value;
        return true;
    }

    /// <summary>Looks a value up without counting it as used.</summary>
    public bool TryPeek(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        value = _places.TryGetValue(key, out var place) ? place.Value : null;
        return value is not null;
    }

    /// <returns>False when the key has a value already.</returns>
    /// <param name="evicted">Whether another value had to go.</param>
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

    /// <summary>Removes this value and no other that has taken its key since.</summary>
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

    // Called with every place taken: after one round all are marked as not found, so the second ends it.
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
