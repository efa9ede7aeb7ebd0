namespace Veza.Realtime;

/// <summary>Counts the live connections of a process, over whatever transport, against MAX_CONNECTIONS.</summary>
public sealed class LiveConnections
{
    private int _open;
    private TaskCompletionSource? _emptied;

    public LiveConnections(RealtimeLimits limits)
    {
        Max = limits.MaxConnections;
        LiveMetrics.ObserveConnections(() => Open);
    }

    public int Max { get; }
    public int Open => Volatile.Read(ref _open);
    public bool IsFull => Open >= Max;

    /// <returns>False when there is no room; otherwise <see cref="Leave"/> must follow once.</returns>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= Max)
            return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    public void Leave()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            Volatile.Read(ref _emptied)?.TrySetResult();
    }

    /// <summary>Completes when the last one has left; asked once, when nobody is let in any more.</summary>
    public Task EmptiedAsync()
    {
        var emptied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // A full fence: whoever leaves after it sees this, and who left before is seen here.
        Interlocked.Exchange(ref _emptied, emptied);
        if (Open == 0)
            emptied.TrySetResult();
        return emptied.Task;
    }
}
