using System.Runtime.CompilerServices;
using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>Folds in memory over the rows it was asked for lately, and writes what changed.</summary>
internal sealed class CachedRows<TRow, TKey>(Projection<TRow, TKey> projection, string table, RowsUse use)
    : IProjectionRows
    where TRow : class
    where TKey : notnull
{
    private sealed class Slot(TKey key)
    {
        public TKey Key => key;
        public TRow? Stored;
        public TRow? Row;
        public bool Touched;
        public int Bytes;
    }

    /// <summary>
    /// About what is in memory for a key apart from its row: the slot, and its place in the dictionary, of which some
    /// stay empty.
    /// </summary>
    private static readonly int SlotBytes = 100 + 2 * Unsafe.SizeOf<TKey>();

    private readonly RowTable<TRow, TKey> _table = new(table);
    private readonly List<(Slot Slot, Projection<TRow, TKey>.Handling Handling, RecordedEvent Event)> _steps = [];
    private readonly List<Slot> _touched = [];
    private readonly List<TKey> _missing = [];
    private readonly List<TRow> _changed = [];
    private readonly List<TRow> _added = [];
    private readonly List<TKey> _removed = [];
    private readonly Dictionary<RowErasure, HashSet<Guid>> _erased = [];
    private readonly BloomFilter? _written = use.Empty ? new() : null;

    // Two halves: what is used moves to the newer one, and when that is full the older one is let go.
    private Dictionary<TKey, Slot> _newer = [];
    private Dictionary<TKey, Slot> _older = [];
    private int _newerBytes;

    public bool IsFull => _newerBytes >= use.BytesMax / 2;

    public async Task FoldAsync(NpgsqlConnection connection, IReadOnlyList<RecordedEvent> events, CancellationToken ct)
    {
        foreach (var e in events)
        {
            if (projection.ErasureOf(e) is { } erased)
                (_erased.TryGetValue(erased.Erasure, out var accounts) ? accounts : _erased[erased.Erasure] = []).Add(
                    erased.Account
                );
            if (projection.HandlingOf(e) is not { } handling)
                continue;
            if (handling.Key is { } one)
                Add(one(e), handling, e);
            else
                foreach (var key in handling.Keys!(e))
                    Add(key, handling, e);
        }
        if (_missing.Count > 0)
        {
            await foreach (var (key, row) in _table.LoadAsync(connection, _missing, ct))
                _newer[key].Stored = _newer[key].Row = row;
            _missing.Clear();
        }
        foreach (var (slot, handling, e) in _steps)
        {
            slot.Row = handling.Next(slot.Row, slot.Key, e);
            var bytes = SlotBytes + (slot.Row is null ? 0 : RowColumns<TRow, TKey>.Bytes(slot.Row));
            _newerBytes += bytes - slot.Bytes;
            slot.Bytes = bytes;
            if (slot.Touched)
                continue;
            slot.Touched = true;
            _touched.Add(slot);
        }
        _steps.Clear();
    }

    public async Task CopyAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        SortOut();
        await _table.CopyAsync(connection, _added, ct);
        _added.Clear();
    }

    public void AddWrites(NpgsqlBatch batch)
    {
        SortOut();
        _table.AddWrites(batch, _changed, _removed);
        _changed.Clear();
        _removed.Clear();
        if (_erased.Count > 0)
        {
            // Last: what an account wrote before and after its erasure goes alike.
            foreach (var (erasure, accounts) in _erased)
                batch.BatchCommands.Add(erasure.Write(table, accounts));
            // Somebody who wrote for years has many rows, and the erasure is not to fail for it.
            batch.Timeout = 0;
            _erased.Clear();
            _newer.Clear();
            _older.Clear();
            _newerBytes = 0;
        }
        if (!IsFull)
            return;
        // Made once: dictionaries and lists of this size are let go by none but the slowest collection.
        _older.Clear();
        (_older, _newer, _newerBytes) = (_newer, _older, 0);
    }

    private void SortOut()
    {
        foreach (var slot in _touched)
        {
            slot.Touched = false;
            if (ReferenceEquals(slot.Row, slot.Stored))
                continue;
            if (slot.Row is null)
                _removed.Add(slot.Key);
            else if (slot.Stored is null && _written is not null)
                _added.Add(slot.Row);
            else
                _changed.Add(slot.Row);
            _written?.Add(slot.Key.GetHashCode());
            slot.Stored = slot.Row;
        }
        _touched.Clear();
    }

    private void Add(TKey key, Projection<TRow, TKey>.Handling handling, RecordedEvent e)
    {
        if (projection.IsMine(key))
            _steps.Add((Find(key, handling.Begins), handling, e));
    }

    private Slot Find(TKey key, bool isNew)
    {
        if (_newer.TryGetValue(key, out var slot))
            return slot;
        if (_older.Remove(key, out slot))
            slot.Bytes = 0;
        else
        {
            slot = new(key);
            if (!isNew && (_written?.MayHave(key.GetHashCode()) ?? true))
                _missing.Add(key);
        }
        _newer.Add(key, slot);
        return slot;
    }
}

/// <summary>
/// Which keys were never written, without remembering them: a Bloom filter over their hashes. It may take a key for
/// written that was not.
/// </summary>
internal sealed class BloomFilter
{
    /// <summary>8 MiB: with 5 million keys some 1 of 100 others is looked up in vain, with 20 million 20.</summary>
    private const int Bits = 1 << 26;

    // Many a build writes nothing at all.
    private ulong[]? _bits;

    public void Add(int hash)
    {
        _bits ??= new ulong[Bits / 64];
        foreach (var bit in (ReadOnlySpan<int>)[First(hash), Second(hash), Third(hash)])
            _bits[bit >> 6] |= 1UL << (bit & 63);
    }

    public bool MayHave(int hash) => _bits is not null && Has(First(hash)) && Has(Second(hash)) && Has(Third(hash));

    private bool Has(int bit) => (_bits![bit >> 6] & (1UL << (bit & 63))) != 0;

    private static int First(int hash) => (int)(Mixed(hash) & (Bits - 1));

    private static int Second(int hash) => (int)((Mixed(hash) >> 20) & (Bits - 1));

    private static int Third(int hash) => (int)((Mixed(hash) >> 39) & (Bits - 1));

    private static ulong Mixed(int hash)
    {
        var x = (uint)hash * 0x9E3779B97F4A7C15UL;
        x = (x ^ (x >> 32)) * 0xD6E8FEB86659FD93UL;
        return x ^ (x >> 32);
    }
}
