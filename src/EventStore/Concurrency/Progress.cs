namespace Veza.EventStore.Concurrency;

/// <summary>How far a runner has come in the log, and a way to wait for it. One writer, many readers.</summary>
internal sealed class Progress
{
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _position;
    private int _waiting;

    /// <summary>Somebody waits for it to move.</summary>
    public bool IsAwaited => Volatile.Read(ref _waiting) > 0;

    public long Position => Volatile.Read(ref _position);

    public void MoveTo(long position)
    {
        if (position == _position)
            return;
        Volatile.Write(ref _position, position);
        Interlocked.Exchange(ref _moved, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Completes when <paramref name="position"/> is reached.</summary>
    public async Task WaitAsync(long position, CancellationToken ct)
    {
        if (Position >= position)
            return;
        Interlocked.Increment(ref _waiting);
        try
        {
            while (true)
            {
                // Taken before looking, so that a move in between completes it.
                var moved = Volatile.Read(ref _moved);
                if (Position >= position)
                    return;
                await moved.Task.WaitAsync(ct);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
