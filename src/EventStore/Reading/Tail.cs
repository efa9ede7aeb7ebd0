using Veza.EventStore.Events;
using Veza.EventStore.Metrics;

namespace Veza.EventStore.Reading;

/// <summary>
/// A bounded ring of the newest events, shared by every reader of a node. One writer at a time; readers take no lock: a
/// slot holds an immutable event that names its own position, so a reader that finds another position there knows that
/// it has fallen behind.
/// </summary>
public sealed class Tail
{
    public const int EventsMax = 1 << 16;
    public const long BytesMax = 128L << 20;

    private readonly RecordedEvent?[] _ring = new RecordedEvent?[EventsMax];
    private readonly Lock _write = new();
    private readonly List<Action<RecordedEvent>> _watchers = [];
    private readonly List<Action<RecordedEvent>> _atOnce = [];
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
    /// How often this node found that what it held is no longer the log's history. Whoever follows takes the number
    /// before reading and compares it after: another one means that what was read may be of a history that is gone.
    /// </summary>
    public int HistoryGeneration => Volatile.Read(ref _generation);

    /// <summary>The event at the head; null while the log is empty.</summary>
    internal HeadFingerprint? Mark => _mark;

    /// <summary>
    /// Begins after <paramref name="mark"/>, or with an empty log: what is older is read from the database.
    /// </summary>
    internal void StartAt(HeadFingerprint? mark)
    {
        lock (_write)
            Begin(mark);
    }

    /// <summary>
    /// Forgets every event and begins anew after <paramref name="mark"/>, which may be before the head. Who waits is
    /// woken.
    /// </summary>
    /// <param name="forgetting">What else was made of the forgotten events; run before anything can be added.</param>
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
    /// <param name="atOnce">
    /// This node's own events also before their turn, when there are events of other nodes before them that are still
    /// to be read: what a node has answered, its next answers know. The watcher is told of these twice.
    /// </param>
    public void Watch(Action<RecordedEvent> watcher, bool atOnce = false)
    {
        lock (_write)
        {
            _watchers.Add(watcher);
            if (atOnce)
                _atOnce.Add(watcher);
        }
    }

    /// <summary>Adds events that follow on the head; those already here are passed over.</summary>
    /// <param name="forks"><see cref="HistoryGeneration"/> before the events were read or written.</param>
    /// <returns>
    /// False, with nothing added, when there is a gap between the head and the first event, of which only who watches
    /// at once is told, or a fork between their reading and now.
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
                foreach (var watcher in _atOnce)
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
    /// Adds events that come right before those held, so that a process that has just started can hold what it would
    /// have held had it run on.
    /// </summary>
    /// <param name="newestFirst">
    /// What was read after <see cref="HistoryGeneration"/> was <paramref name="forks"/>.
    /// </param>
    /// <returns>
    /// False when there is nothing more to add: the ring is full, what was read does not fit on, or there was a fork
    /// since.
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
                // Watchers are told of what is new; this is not.
                Volatile.Write(ref _ring[e.Position & (EventsMax - 1)], e);
                _bytes += e.Json.Length;
                _oldest = e.Position;
            }
            return newestFirst.Count > 0;
        }
    }

    /// <summary>The oldest position that is surely held, or would be if there were events.</summary>
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
            // Behind by part of a batch is still progress; what was overwritten is fetched the next time round.
            if (e is null || e.Position != next)
                return into.Count > 0;
            into.Add(e);
        }
        return true;
    }

    /// <summary>Lets the events held be read anew that <paramref name="which"/> says.</summary>
    internal void Forget(Func<RecordedEvent, bool> which)
    {
        for (var i = 0; i < _ring.Length; i++)
            if (Volatile.Read(ref _ring[i]) is { } e && which(e))
                e.Forget();
    }

    /// <summary>
    /// Completes when the head is past <paramref name="position"/>, or at a fork, after which it may be before it.
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
            Forget(ref slot);
        Volatile.Write(ref slot, e);
        _bytes += e.Json.Length;
        Volatile.Write(ref _head, e.Position);
        while (_bytes > BytesMax && _oldest < e.Position)
        {
            ref var oldest = ref _ring[_oldest & (EventsMax - 1)];
            if (oldest is not null && oldest.Position == _oldest)
                Forget(ref oldest);
            _oldest++;
        }
    }

    private void Forget(ref RecordedEvent? slot)
    {
        _bytes -= slot!.Json.Length;
        _oldest = Math.Max(_oldest, slot.Position + 1);
        Volatile.Write(ref slot, null);
    }
}

/// <summary>
/// Tells one history from another: two that agree in the event at a position agree in everything before it.
/// </summary>
internal sealed record HeadFingerprint(long Position, Guid Id, DateTimeOffset At);
