using System.Threading.Tasks.Sources;

namespace Veza.Realtime;

/// <summary>
/// One reader waits, anybody wakes it. The same object for every wait, as there is one at every event for every
/// subscription.
/// </summary>
/// <param name="turns">Where the reader goes on once it is woken.</param>
internal sealed class ReusableSignal(SubscriberScheduler turns) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _waiting;

    /// <summary>
    /// Begins a wait, after a full fence: whoever notes something later sees it. To be awaited once, before the next.
    /// </summary>
    public ValueTask Begin()
    {
        _core.Reset();
        var wait = new ValueTask(this, _core.Version);
        Interlocked.Exchange(ref _waiting, 1);
        return wait;
    }

    /// <summary>Ends the wait, if there is one.</summary>
    public void Set()
    {
        if (Volatile.Read(ref _waiting) == 1 && Interlocked.Exchange(ref _waiting, 0) == 1)
            turns.Add(this);
    }

    /// <summary>Lets the reader go on, here and now.</summary>
    internal void GoOn() => _core.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _core.OnCompleted(continuation, state, token, flags);
}
