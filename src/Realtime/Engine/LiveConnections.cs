namespace Veza.Realtime.Engine;

/// <summary>
/// Counts the live connections of a process, over all transports, against MAX_CONNECTIONS. Any thread may call it.
/// </summary>
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

    /// <returns>False when the limit is reached; otherwise the caller must call <see cref="Leave"/> once.</returns>
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

    /// <summary>Completes when the last connection has left. Called once, after new ones are refused.</summary>
    public Task EmptiedAsync()
    {
        var emptied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // A full fence: a later Leave sees the source, and an earlier one is seen below.
        Interlocked.Exchange(ref _emptied, emptied);
        if (Open == 0)
            emptied.TrySetResult();
        return emptied.Task;
    }
}
