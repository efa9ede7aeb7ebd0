using System.Threading.Tasks.Sources;

namespace Veza.Realtime.Engine;

/// <summary>
/// An awaitable signal for one waiting reader, set from any thread. It is reused for every wait: each subscription
/// waits once for each event, which would otherwise allocate.
/// </summary>
/// <param name="turns">The scheduler on which the woken reader continues.</param>
internal sealed class ReusableSignal(SubscriberScheduler turns) : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private int _waiting;

    /// <summary>
    /// Begins a wait, with a full fence, so that a later <see cref="Set"/> sees it. Await it once, before the next.
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

    /// <summary>Continues the reader on the calling thread.</summary>
    internal void Continue() => _core.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags
    ) => _core.OnCompleted(continuation, state, token, flags);
}
