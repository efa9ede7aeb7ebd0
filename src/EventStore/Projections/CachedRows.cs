using System.Runtime.CompilerServices;
using Npgsql;
using Veza.EventStore.Events;

namespace Veza.EventStore.Projections;

/// <summary>Folds events over cached rows of a table, and writes the rows that changed.</summary>
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
    /// The approximate memory of a key apart from its row: the slot and its dictionary entry, with empty ones.
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

    // Two halves: rows that are used move to the newer one; when that is full, the older one is cleared.
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
        SortTouched();
        await _table.CopyAsync(connection, _added, ct);
        _added.Clear();
    }

    public void AddWrites(NpgsqlBatch batch)
    {
        SortTouched();
        _table.AddWrites(batch, _changed, _removed);
        _changed.Clear();
        _removed.Clear();
        if (_erased.Count > 0)
        {
            // Last: rows of an account from before and after its erasure are erased alike.
            foreach (var (erasure, accounts) in _erased)
                batch.BatchCommands.Add(erasure.Write(table, accounts));
            // An account that wrote for years has many rows, and the erasure must not time out.
            batch.Timeout = 0;
            _erased.Clear();
            _newer.Clear();
            _older.Clear();
            _newerBytes = 0;
        }
        if (!IsFull)
            return;
        // Reused: only the slowest garbage collection frees dictionaries and lists of this size.
        _older.Clear();
        (_older, _newer) = (_newer, _older);
        _newerBytes = 0;
    }

    private void SortTouched()
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
