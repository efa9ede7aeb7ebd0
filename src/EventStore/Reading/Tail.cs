namespace Veza.EventStore.Reading;

/// <summary>
/// A bounded ring of the newest events, shared by every reader of a node. One writer at a time; readers take no lock: a slot holds an immutable event
/// that names its own position, so a reader that finds another position there knows that it has fallen behind.
/// </summary>
public sealed class Tail
{
    public const int EventsMax = 1 << 16;
    public const long BytesMax = 128L << 20;

    private readonly RecordedEvent?[] _ring = new RecordedEvent?[EventsMax];
    private readonly Lock _write = new();
    private readonly List<Action<RecordedEvent>> _watchers = [];
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _head;
    private long _oldest = 1;
    private long _bytes;

    public Tail()
    {
        LogMetrics.ObserveHead(() => Head);
        LogMetrics.ObserveTail(() => Head + 1 - Volatile.Read(ref _oldest), () => Volatile.Read(ref _bytes));
    }

    /// <summary>The newest position this node has seen.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>Begins after <paramref name="head"/>: what is older is read from the database.</summary>
    public void StartAt(long head)
    {
        _oldest = head + 1;
        Volatile.Write(ref _head, head);
    }

    /// <summary>Calls <paramref name="watcher"/> with every event, in order, before readers can see it. It must be quick and must not throw.</summary>
    public void Watch(Action<RecordedEvent> watcher)
    {
        lock (_write) _watchers.Add(watcher);
    }

    /// <summary>Adds events that follow on the head; those already here are passed over.</summary>
    /// <returns>False, with nothing added, when there is a gap between the head and the first event.</returns>
    public bool Publish(IReadOnlyList<RecordedEvent> events)
    {
        TaskCompletionSource moved;
        lock (_write)
        {
            if (events.Count == 0 || events[^1].Position <= _head) return true;
            if (events[0].Position > _head + 1) return false;
            foreach (var e in events)
            {
                if (e.Position <= _head) continue;
                Add(e);
            }
            moved = _moved;
            _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        moved.SetResult();
        return true;
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
            if (e is null || e.Position != next) return into.Count > 0;
            into.Add(e);
        }
        return true;
    }

    /// <summary>Completes when the head is past <paramref name="position"/>.</summary>
    public Task WaitAsync(long position, CancellationToken ct)
    {
        lock (_write)
        {
            if (_head > position) return Task.CompletedTask;
            return _moved.Task.WaitAsync(ct);
        }
    }

    private void Add(RecordedEvent e)
    {
        foreach (var watcher in _watchers) watcher(e);
        ref var slot = ref _ring[e.Position & (EventsMax - 1)];
        if (slot is not null) Forget(ref slot);
        Volatile.Write(ref slot, e);
        _bytes += e.Json.Length;
        Volatile.Write(ref _head, e.Position);
        while (_bytes > BytesMax && _oldest < e.Position)
        {
            ref var oldest = ref _ring[_oldest & (EventsMax - 1)];
            if (oldest is not null && oldest.Position == _oldest) Forget(ref oldest);
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
