using Veza.EventStore.Events;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Reading;

/// <summary>
/// Holds the newest events in a bounded ring, shared by every reader of a node.
/// </summary>
/// <remarks>
/// Readers see every event once, in order and without a gap, or learn that the ring no longer holds it. One thread
/// writes at a time; readers take no lock. A slot holds an immutable event with its position, so a reader that finds
/// another position there has fallen behind.
/// </remarks>
public sealed class Tail
{
    public const int EventsMax = 1 << 16;
    public const long BytesMax = 128L << 20;

    private readonly RecordedEvent?[] _ring = new RecordedEvent?[EventsMax];
    private readonly Lock _write = new();
    private readonly List<Action<RecordedEvent>> _watchers = [];
    private readonly List<Action<RecordedEvent>> _earlyWatchers = [];
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _head;
    private long _oldest = 1;
    private long _bytes;
    private int _generation;
    private volatile HeadFingerprint? _mark;

    public Tail()
    {
        LogMetrics.ObserveHead(() => Head);
        LogMetrics.ObserveTail(() => Head + 1 - Volatile.Read(ref _oldest), () => Volatile.Read(ref _bytes));
    }

    /// <summary>The newest position this node has seen.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>
    /// Counts the forks of the log that this node has met. A follower reads the number before it reads events and
    /// compares it after: another number means that the events may be of a history that is gone.
    /// </summary>
    public int HistoryGeneration => Volatile.Read(ref _generation);

    /// <exception cref="HistoryForkedException">
    /// There was a fork since <see cref="HistoryGeneration"/> was <paramref name="generation"/>.
    /// </exception>
    public void ThrowIfForkedSince(int generation)
    {
        if (HistoryGeneration != generation)
            throw new HistoryForkedException();
    }

    /// <summary>The event at the head; null while the log is empty.</summary>
    internal HeadFingerprint? Mark => _mark;

    /// <summary>
    /// Begins after <paramref name="mark"/>, or with an empty log: older events are read from the database.
    /// </summary>
    internal void StartAt(HeadFingerprint? mark)
    {
        lock (_write)
            Begin(mark);
    }

    /// <summary>
    /// Drops every event and begins anew after <paramref name="mark"/>, which may be before the head. Waits end.
    /// </summary>
    /// <param name="forgetting">Drops what was derived from the events; runs before any can be added.</param>
    internal void Fork(HeadFingerprint? mark, Action forgetting)
    {
        TaskCompletionSource moved;
        lock (_write)
        {
            Array.Clear(_ring);
            Volatile.Write(ref _bytes, 0);
            Volatile.Write(ref _generation, _generation + 1);
            Begin(mark);
            forgetting();
            moved = _moved;
            _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        moved.SetResult();
    }

    /// <summary>
    /// Calls <paramref name="watcher"/> with every event, in order, before readers can see it. It must be quick and
    /// must not throw.
    /// </summary>
    /// <param name="early">
    /// Also calls it with this node's own events while other nodes' events before them are still to be read: the node's
    /// next answers must know what it has answered. The watcher is called with these events twice.
    /// </param>
    public void Watch(Action<RecordedEvent> watcher, bool early = false)
    {
        lock (_write)
        {
            _watchers.Add(watcher);
            if (early)
                _earlyWatchers.Add(watcher);
        }
    }

    /// <summary>Adds events that follow the head; those already held are skipped.</summary>
    /// <param name="generation"><see cref="HistoryGeneration"/> before the events were read or written.</param>
    /// <returns>
    /// False, with nothing added, when there is a gap between the head and the first event (then only the watchers that
    /// want their events early are called), or a fork since they were read.
    /// </returns>
    public bool Publish(IReadOnlyList<RecordedEvent> events, int generation)
    {
        TaskCompletionSource moved;
        lock (_write)
        {
            if (generation != _generation)
                return false;
            if (events.Count == 0 || events[^1].Position <= _head)
                return true;
            if (events[0].Position > _head + 1)
            {
                foreach (var e in events)
                foreach (var watcher in _earlyWatchers)
                    watcher(e);
                return false;
            }
            foreach (var e in events)
            {
                if (e.Position <= _head)
                    continue;
                Add(e);
            }
            _mark = new(events[^1].Position, events[^1].Id, events[^1].At);
            moved = _moved;
            _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        moved.SetResult();
        return true;
    }

    /// <summary>
    /// Adds events that come right before those held, so that a process that has just started holds as many as one that
    /// ran on.
    /// </summary>
    /// <param name="newestFirst">
    /// Events read after <see cref="HistoryGeneration"/> was <paramref name="generation"/>.
    /// </param>
    /// <returns>
    /// False when there is nothing more to add: the ring is full, the events do not adjoin, or there was a fork since.
    /// </returns>
    internal bool FillBackwards(IReadOnlyList<RecordedEvent> newestFirst, int generation)
    {
        lock (_write)
        {
            if (generation != _generation)
                return false;
            foreach (var e in newestFirst)
            {
                if (e.Position != _oldest - 1 || _head - e.Position >= EventsMax || _bytes + e.Json.Length > BytesMax)
                    return false;
                // Watchers are called with new events only.
                Volatile.Write(ref _ring[e.Position & (EventsMax - 1)], e);
                _bytes += e.Json.Length;
                _oldest = e.Position;
            }
            return newestFirst.Count > 0;
        }
    }

    /// <summary>The oldest position that is held, or the first to be held while there is none.</summary>
    internal long Oldest
    {
        get
        {
            lock (_write)
                return _oldest;
        }
    }

    /// <summary>Copies the events after <paramref name="position"/> into <paramref name="into"/>.</summary>
    /// <returns>False when the ring no longer holds the next one: read it from the database.</returns>
    public bool TryRead(long position, int max, List<RecordedEvent> into)
    {
        var head = Head;
        for (var next = position + 1; next <= head && into.Count < max; next++)
        {
            var e = Volatile.Read(ref _ring[next & (EventsMax - 1)]);
            // Part of a batch is still progress; overwritten events are read from the database the next time.
            if (e is null || e.Position != next)
                return into.Count > 0;
            into.Add(e);
        }
        return true;
    }

    /// <summary>Has the events held that <paramref name="which"/> selects be decoded anew.</summary>
    internal void Forget(Func<RecordedEvent, bool> which)
    {
        for (var i = 0; i < _ring.Length; i++)
            if (Volatile.Read(ref _ring[i]) is { } e && which(e))
                e.Forget();
    }

    /// <summary>
    /// Completes when the head is past <paramref name="position"/>, or at a fork, after which the head may be lower.
    /// </summary>
    public Task WaitAsync(long position, CancellationToken ct)
    {
        lock (_write)
        {
            if (_head > position)
                return Task.CompletedTask;
            return _moved.Task.WaitAsync(ct);
        }
    }

    private void Begin(HeadFingerprint? mark)
    {
        _mark = mark;
        _oldest = (mark?.Position ?? 0) + 1;
        Volatile.Write(ref _head, mark?.Position ?? 0);
    }

    private void Add(RecordedEvent e)
    {
        foreach (var watcher in _watchers)
            watcher(e);
        ref var slot = ref _ring[e.Position & (EventsMax - 1)];
        if (slot is not null)
            Drop(ref slot);
        Volatile.Write(ref slot, e);
        _bytes += e.Json.Length;
        Volatile.Write(ref _head, e.Position);
        while (_bytes > BytesMax && _oldest < e.Position)
        {
            ref var oldest = ref _ring[_oldest & (EventsMax - 1)];
            if (oldest is not null && oldest.Position == _oldest)
                Drop(ref oldest);
            _oldest++;
        }
    }

    private void Drop(ref RecordedEvent? slot)
    {
        _bytes -= slot!.Json.Length;
        _oldest = Math.Max(_oldest, slot.Position + 1);
        Volatile.Write(ref slot, null);
    }
}

/// <summary>
/// Identifies a history of the log: two that agree in the event at a position agree in everything before it.
/// </summary>
internal sealed record HeadFingerprint(long Position, Guid Id, DateTimeOffset At);
