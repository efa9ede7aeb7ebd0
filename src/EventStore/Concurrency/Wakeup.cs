namespace Veza.EventStore.Concurrency;

/// <summary>
/// Wakes one loop that waits for work. Calls of <see cref="Set"/> while the loop works are not lost: together they end
/// its next wait.
/// </summary>
/// <remarks>
/// Any thread may call <see cref="Set"/>. A wait that times out throws nothing, unlike one of the async events in
/// libraries: an idle node has many such waits.
/// </remarks>
public sealed class Wakeup
{
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly Lock _setting = new();

    public void Set()
    {
        lock (_setting)
            if (_signal.CurrentCount == 0)
                _signal.Release();
    }

    /// <summary>Completes after the next <see cref="Set"/>, or at once after one that no wait has used.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled; a signal stays for the next.</exception>
    public Task WaitAsync(CancellationToken ct) => _signal.WaitAsync(ct);

    /// <inheritdoc cref="WaitAsync(CancellationToken)"/>
    /// <returns>False when <paramref name="limit"/> passed without a signal.</returns>
    public Task<bool> WaitAsync(TimeSpan limit, CancellationToken ct) => _signal.WaitAsync(limit, ct);
}
