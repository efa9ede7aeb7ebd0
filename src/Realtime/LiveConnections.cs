namespace Veza.Realtime;

/// <summary>Counts the live connections of a process, over whatever transport, against MAX_CONNECTIONS.</summary>
public sealed class LiveConnections
{
    private int _open;

    public LiveConnections(LiveLimits limits)
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
        if (Interlocked.Increment(ref _open) <= Max) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _open);
}
